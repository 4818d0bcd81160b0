/** Launches a program that does not end by itself, under guard, and waits to be killed. */
import path from 'node:path';
import { GuardedProcess } from '../../scripts/services/guarded-process.ts';

const directory = process.argv[2]!;

const guarded = await GuardedProcess.launch({
  program: 'sleep',
  args: ['1000'],
  directory,
  output: path.join(directory, 'output.log'),
  scratch: directory,
});
if (process.argv[3] === 'release') guarded.release();
console.log(guarded.pid);
setInterval(() => undefined, 1000);
