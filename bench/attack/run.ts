/**
 * `npm run attack`: what a stranger can try, against the real server with the real engines, in a network of its own. Prints
 * attack, tried, got through, and fails if anything did, or if an attack tried less than it promises. A word selects attacks
 * by name, `--seed N` chooses others of what is chosen at random, `--slice` is what `npm test` has.
 */
import { parseArgs } from 'node:util';
import { attack } from './attacks.ts';
import { attackTable } from './report.ts';
import { openScene } from './scene.ts';
import { ownInternet } from './world/internet.ts';

const missing = ownInternet(import.meta.filename);
if (missing !== null) {
  console.error(`The attacks cannot run: ${missing}.`);
  process.exit(2);
}
const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, slice: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const scene = await openScene(values.slice ? 'slice' : 'full', Number(values.seed));
const reports = await attack(scene, positionals).finally(() => scene.close());
for (const line of reports.flatMap(({ lines }) => lines)) console.log(line);
console.log(attackTable(reports));
if (reports.length === 0 || reports.some(({ isKept }) => !isKept)) process.exitCode = 1;
