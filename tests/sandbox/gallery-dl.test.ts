/**
 * An engine outside of this repository, by the protocol of docs/engines.md: the real gallery-dl, in the sandbox. The whole
 * contract is in tests/long/. Needs python3 and bwrap.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sample } from '#lib/protocol/progress.ts';
import { codeOf } from '../process/with-host.ts';
import { testUnless } from '../support/skip.ts';
import { settles } from '../support/wait.ts';
import { openGalleryDl, reason } from './gallery-dl.ts';

testUnless(test, reason, 'the pictures of a page are listed, and one is downloaded', async () => {
  const subject = await openGalleryDl();
  const { engine, site, media } = subject;
  const { signal } = new AbortController();
  try {
    const body = encodeURIComponent(`see ${media.url} and https://a.example/b.html`);
    const { items } = await settles(engine.parse({ url: `${site}/text?body=${body}`, signal }));
    assert.equal(
      items.map(({ url, streams }) => [url, streams[0]?.id]),
      [[media.url, 'original']],
    );
    const samples: Sample[] = [];
    const workDir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    const job = { url: media.url, streamId: 'original', workDir, signal };
    const file = await settles(
      engine.download({
        ...job,
        onSample: (sample) => samples.push(sample),
        ...{ onPhase: () => undefined, onInfo: () => undefined, onOutput: () => undefined },
      }),
    );
    const hash = createHash('sha256')
      .update(await readFile(file.path))
      .digest('hex');
    assert.equal([file.suggestedName, file.bytes, hash], ['one.jpg', media.bytes, media.sha256]);
    assert.is(samples.at(-1)?.receivedBytes, media.bytes);
    const refused = encodeURIComponent('http://127.0.0.1:9/x.jpg');
    const redirected = engine.parse({ url: `${site}/redirect?to=${refused}`, signal });
    assert.is(await codeOf(settles(redirected)), 'address_refused');
  } finally {
    await subject.close?.();
  }
});

test('the example has at most 100 lines', async () => {
  const program = join(import.meta.dirname, '../../examples/engines/gallery-dl/engine');
  const lines = (await readFile(program, 'utf8')).split('\n');
  assert.ok(lines.length <= 101, String(lines.length));
  assert.ok(lines.every((line) => line.length <= 130));
});

test.run();
