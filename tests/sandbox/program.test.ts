import { readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { never, PAGE, say, withProgram } from '../annie/program/fixture.ts';
import { codeOf } from '../process/with-host.ts';
import { partial, partialMissing, sandbox, sandboxMissing } from '../support/sandbox.ts';
import { testUnless } from '../support/skip.ts';
import { settles } from '../support/wait.ts';

const FILE = say({ type: 'file', name: 'media.jpg', title: 'One' });
/** As a line of its listing, as it can write nothing that anybody sees. */
const TELL = `tell() { printf '{"type":"item","url":"${PAGE}","title":"%s","streams":[{"id":"x"}]}\\n' "$1"; }`;

for (const [where, level, why] of [
  ['', sandbox, sandboxMissing],
  [', without namespaces too', partial, partialMissing],
] as const)
  testUnless(test, why, `a program of the operator reads its own folder, and nothing beside it${where}`, () =>
    withProgram(async ({ engine, dataDir }) => {
      await writeFile(join(dataDir, 'token-key'), 'secret');
      const script = `${TELL}
        cd "$(dirname "$0")"
        cat engine.json >/dev/null && tell own
        cat ${dataDir}/token-key >/dev/null 2>&1 && tell key
        touch planted 2>/dev/null && tell planted
        cat /proc/${process.pid}/environ >/dev/null 2>&1 && tell environment
        true`;
      const { items } = await settles((await engine(script)).parse({ url: PAGE, signal: never }));
      assert.equal(
        items.map(({ title }) => title),
        ['own'],
      );
      assert.not.ok(existsSync(join(dataDir, 'engines/test-engine/planted')));
    }, level),
  );

testUnless(
  test,
  sandboxMissing,
  'links and pipes that it leaves are gone, and notes of ours it cannot forge',
  () =>
    withProgram(async ({ engine, job, workDir }) => {
      const leaves = `ln -s /etc/passwd media.jpg; mkfifo media.pipe; mkdir media.d; ln -s / media.d/all; ${FILE}`;
      assert.is(await codeOf(settles((await engine(leaves)).download(job()))), 'engine_output');
      assert.equal(
        (await readdir(workDir, { recursive: true })).filter((name) => /jpg|pipe|all/.test(name)),
        [],
      );
      const good = await settles((await engine(`printf 12345 > media.jpg; ${FILE}`)).download(job()));
      assert.is(good.bytes, 5);
    }, sandbox),
);

test.run();
