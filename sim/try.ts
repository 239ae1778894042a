import { bundleProduct } from './product/bundle.ts';
import { loadProduct } from './product/load.ts';
import { makePlan } from './plan/make-plan.ts';
import { simulate } from './simulate.ts';
const [from = '1', count = '1', lines = '0'] = process.argv.slice(2);
const code = await bundleProduct(null);
const start = loadProduct(code);
Error.stackTraceLimit = 0;
setImmediate(() => {
  const t = performance.now(); const c0 = process.cpuUsage();
  let bad = 0;
  for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
    const t1 = performance.now(); const r = simulate(makePlan(seed), start, { keptLines: Number(lines) });
    if (Number(lines)) console.log(r.lines.join('\n'));
    if (seed % 200 === 0) { const c = process.cpuUsage(c0); console.log(seed, 'cpu ms', Math.round((c.user + c.system) / 1000)); }
    if (r.violations.length) { bad++; console.log(seed, r.violations.slice(0, 3)); }
    if (Number(count) < 40) console.log(seed, r.hash, r.events, Math.round(r.tookMs/1000), JSON.stringify(r.downloads), Math.round(performance.now() - t1), [...r.faults.keys()].join());
  }
  const c = process.cpuUsage(c0); console.log({ cpuMsPerSeed: (c.user + c.system) / 1000 / Number(count), bad, seedsPerSecond: Number(count) / (performance.now() - t) * 1000 });
});
