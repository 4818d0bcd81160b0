import { Load } from './measure.ts';
import { BODY, Site } from './site.ts';
const load = await Load.start(); const listener = `http://127.0.0.1:${load.port}`;
const site = new Site(); await site.start();
await site.subscribe(1, (i) => `${listener}/live/${i}`);
const url = `${site.url}/tmf-api/productOrderingManagement/v4/event`;
for (let i = 0; i < 4; i++) console.log(await load.publish({ url, perSecond: 1000, count: 5000, body: BODY, receipts: 1 }));
await site.stop(); site.remove(); load.stop();
