import { bundleProduct } from './product/bundle.ts';
import { compileProduct } from './product/load.ts';
import { makePlan } from './plan/make-plan.ts';
import { simulate } from './simulate.ts';
const [from = '1', count = '1', lines = '0'] = process.argv.slice(2);
const code = await bundleProduct(null);
const start = compileProduct(code);
setImmediate(() => {
  const t = performance.now();
  let bad = 0;
  for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
    const r = simulate(makePlan(seed), start, { keptLines: Number(lines) });
    if (Number(lines)) console.log(r.lines.join('\n'));
    if (r.violations.length) { bad++; console.log(seed, r.violations.slice(0, 3)); }
    if (Number(count) < 5) console.log(r.hash, r.events, r.tookMs, r.downloads, performance.now() - t);
  }
  console.log({ bad, seedsPerSecond: Number(count) / (performance.now() - t) * 1000 });
});
