/** Preloaded into a gateway: its wall clock is fast by SKEW_MS milliseconds. What measures durations is as it was. */
const skew = Number(process.env['SKEW_MS']);
const now = Date.now;

Date.now = (): number => now() + skew;
globalThis.Date = new Proxy(Date, {
  construct: (made, given: unknown[], target) =>
    Reflect.construct(made, given.length > 0 ? given : [now() + skew], target) as Date,
});
