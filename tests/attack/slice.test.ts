/** A part of `npm run attack`, chosen by the seed, in an internet of its own; tests/long/ has all of it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ATTACKS, attack } from '../../bench/attack/attacks.ts';
import { openScene, type Scene } from '../../bench/attack/scene.ts';
import { ownInternet } from '../../bench/attack/world/internet.ts';
import { testUnless } from '../support/skip.ts';

const missing = ownInternet(import.meta.filename);
const SEED = 16;

let scene: Scene;
test.before(async () => {
  if (missing === null) scene = await openScene('slice', SEED);
});
test.after(async () => {
  await (scene as Scene | undefined)?.close();
});

for (const { name, atLeast } of ATTACKS) {
  if (atLeast.slice === 0) continue;
  testUnless(test, missing, `of ${name} nothing gets through (${atLeast.slice} tries)`, async () => {
    const [report] = await attack(scene, [name]);
    for (const line of report?.lines ?? []) console.log(line);
    assert.ok(report?.isKept, `${report?.through.join('\n')}; tried ${report?.tried} of ${atLeast.slice}`);
  });
}

test.run();
