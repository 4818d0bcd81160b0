import { commandsOf, type ProgramParts } from '../../src/cli/program.ts';
import { run } from '../../src/cli/run.ts';
import { FakeTerminal } from './fake-terminal.ts';
import type { FakeGateway } from './fake-gateway.ts';

const noBoot: ProgramParts['boot'] = () => Promise.reject(new Error('no gateway is started in this test'));
const noConfig: ProgramParts['findAdmin'] = () =>
  Promise.reject(new Error('no configuration is read in this test'));

/** Runs one command line in this process, with both of the gateway's ports at `gateway`. */
export async function runCommand(
  argv: readonly string[],
  options: {
    gateway?: FakeGateway;
    env?: Record<string, string>;
    stdin?: string;
    boot?: ProgramParts['boot'];
    findAdmin?: ProgramParts['findAdmin'];
  } = {},
): Promise<{ code: number; out: string; err: string; lines: string[] }> {
  const { gateway, boot = noBoot, findAdmin = noConfig, stdin } = options;
  const env = {
    ...(gateway && { TMF_HUB_GATEWAY: gateway.url, TMF_HUB_ADMIN: gateway.url }),
    ...options.env,
  };
  const terminal = new FakeTerminal({ env, ...(stdin !== undefined && { stdin }) });
  const code = await run(argv, commandsOf({ entry: '', boot, findAdmin }), '1.2.3', terminal);
  return { code, out: terminal.text, err: terminal.errors.join('\n'), lines: terminal.lines };
}
