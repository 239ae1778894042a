/** What of a begun fragment is requested again, where only its bytes can show that they are of the same version. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FragmentPart } from '#lib/annie/http/hls/fragment-part.server.ts';
import { missingRangeOf } from '#lib/annie/http/hls/fragment-rest.server.ts';
import type { Fragment } from '#lib/foreign/playlist/fragments.ts';
import { freshDir, removeDirs } from './kit.ts';

const url = 'http://site.example/0.ts';
const fragment = { url, range: null, key: null } as Fragment;
const seen = { validators: { etag: null, lastModified: null, ifRange: null }, totalBytes: 200_000 };
const keeper = { add: () => undefined, remove: () => Promise.resolve(), written: () => undefined };

async function begun(bytes: Buffer): Promise<FragmentPart> {
  const path = join(await freshDir(), '0');
  await writeFile(`${path}.part`, bytes);
  return FragmentPart.find(path, { url, seen }, keeper);
}

test('some kB before the seam are requested too', async () => {
  const { range, from, saved } = await missingRangeOf(fragment, await begun(Buffer.alloc(100_000, 'stream')));
  assert.equal([range, saved.length], [{ start: from, end: 200_000 }, 16 * 1024]);
});

test('zeros before the seam show no version: all is requested', async () => {
  const part = await begun(Buffer.alloc(100_000));
  assert.equal(await missingRangeOf(fragment, part), { range: null, from: 0, saved: Buffer.alloc(0) });
  assert.is(part.bytes, 0);
});

test('zeros from the first byte on are compared as a whole', async () => {
  const { from, saved } = await missingRangeOf(fragment, await begun(Buffer.alloc(1000)));
  assert.equal([from, saved.length], [0, 1000]);
});

test.after(removeDirs);
test.run();
