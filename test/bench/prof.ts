import { Load, measure } from './measure.ts';
import { Site } from './site.ts';
import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
const fanOut = Number(process.argv[2] ?? 1), events = Number(process.argv[3] ?? 40000);
const load = await Load.start(); const listener = `http://127.0.0.1:${load.port}`;
const site = new Site(); await site.start();
const ids = await site.subscribe(fanOut, (i) => `${listener}/live/${i}`);
await site.set('pause', ids); await site.stop(); await site.fill(events); await site.start();
const received = await load.expect(events * fanOut);
const s = new Session(); s.connect(); await s.post('Profiler.enable'); await s.post('Profiler.setSamplingInterval', { interval: 200 }); if(process.argv[4]) await s.post('Profiler.start');
const r = await measure(events * fanOut, async () => { await site.set('resume', ids); await received(); });
if(process.argv[4]) { const { profile } = await s.post('Profiler.stop'); writeFileSync('/tmp/p.cpuprofile', JSON.stringify(profile)); }
console.log(r); console.log(process.memoryUsage().rss/1e6);
await site.stop(); site.remove(); load.stop();
