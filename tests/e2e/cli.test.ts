import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import type { ParseResult } from '#lib/protocol/media.ts';
import { sha256Of } from '../site/content.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { type Site, startSite } from '../site/site.ts';
import { sluice } from '../support/cli.ts';
import { picturesHash, sha256File } from '../support/media-hash.ts';
import { makePlace, type Place, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const MIB = 1024 * 1024;
const env = { SLUICE_ENGINES: 'http' };
let site: Site;
let place: Place;

test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());
test.before.each(() => {
  place = makePlace();
});
test.after.each(() => {
  place.remove();
});

test('get fetches a direct file of 100 MiB and exits 0', async () => {
  const out = join(place.dir, 'out');
  const url = `${site.url}/file/hundred.bin?size=${100 * MIB}&seed=5`;
  const { code, lines, stderr } = await sluice(['get', url, '--output', out, '--json'], { place, env });
  assert.is(code, 0, stderr);
  const rows = lines<DownloadView>();
  assert.is(rows.at(-1)?.state, 'complete');
  assert.equal(rows.at(-1)?.file, { name: 'hundred.bin', bytes: 100 * MIB });
  assert.is(await sha256File(join(out, 'hundred.bin')), sha256Of(5, 100 * MIB));
});

test('get prints progress: one download on each line, with bytes that never decrease', async () => {
  const url = `${site.url}/file/slow.bin?size=${8 * MIB}&seed=6&rate=${4 * MIB}`;
  const { lines } = await sluice(['get', url, '--json'], { place, env });
  const rows = lines<DownloadView>();
  const received = rows.map(({ receivedBytes }) => receivedBytes);
  assert.equal(
    received,
    received.toSorted((a, b) => a - b),
  );
  assert.ok(rows.filter(({ state }) => state === 'download').length >= 3);
  assert.is(new Set(rows.map(({ id }) => id)).size, 1);
});

test('get of a page with three videos downloads all three', async () => {
  const parsed = await sluice(['parse', `${site.url}/page/three`, '--json'], { place, env });
  assert.is(parsed.code, 0, parsed.stderr);
  const items = parsed.lines<ParseResult>().flatMap((result) => result.items);
  assert.is(items.length, 3);
  const out = join(place.dir, 'out');
  const got = await sluice(['get', ...items.map(({ url }) => url), '--output', out, '--json'], {
    place,
    env,
  });
  assert.is(got.code, 0, got.stderr);
  const hashes = await Promise.all(
    readdirSync(out)
      .filter((name) => name !== '.sluice')
      .map((name) => sha256File(join(out, name))),
  );
  const expected = [sha256Of(11, 300_000), sha256Of(12, 400_000), sha256Of(13, 500_000)];
  assert.equal(hashes.sort(), expected.sort());
});

test('parse says how a page is saved as itself, and get does that', async () => {
  const url = `${site.url}/page/empty`;
  const parsed = await sluice(['parse', url], { place, env });
  assert.is(parsed.code, 1);
  assert.ok(
    parsed.stderr.startsWith(
      `The page itself (HTML, ${parsed.stderr.match(/\d+ B/)?.[0]}) is saved by: sluice get --stream page '${url}'\n`,
    ),
    parsed.stderr,
  );
  assert.match(
    (await sluice(['parse', `${site.url}/page/three`], { place, env })).stdout,
    /^The page itself \(HTML, /m,
  );
  const out = join(place.dir, 'out');
  const { code, stderr } = await sluice(['get', '--stream', 'page', url, '--output', out], { place });
  assert.is(code, 0, stderr);
  assert.match(readFileSync(join(out, 'empty.html'), 'utf8'), /^<!doctype html><title>Nothing here<\/title>/);
});

testUnless(test, mediaMissing, 'get fetches an HLS stream', async () => {
  const out = join(place.dir, 'out');
  const url = `${site.url}/media/ts/master.m3u8`;
  const { code, lines, stderr } = await sluice(['get', url, '--output', out, '--json'], { place, env });
  assert.is(code, 0, stderr);
  const name = lines<DownloadView>().at(-1)?.file?.name ?? '';
  const reference = join((await mediaDir()) ?? '', 'clip.mp4');
  assert.is(await picturesHash(join(out, name)), await picturesHash(reference));
});

test('get of a missing file exits 1 with an error code', async () => {
  const { code, lines } = await sluice(['get', `${site.url}/nowhere.mp4`, '--json'], { place, env });
  assert.is(code, 1);
  assert.is(lines<DownloadView>().at(-1)?.error?.code, 'remote_not_found');
});

test('get through a running server uses its folder', async () => {
  const server = await startServer({ env });
  try {
    const args = ['get', `${site.url}/file/there.bin?size=70000&seed=7`, '--server', server.url, '--json'];
    const { code, stderr } = await sluice(args, { place, env });
    assert.is(code, 0, stderr);
    assert.is(await sha256File(join(server.place.downloadDir, 'there.bin')), sha256Of(7, 70_000));
  } finally {
    await server.stop();
  }
});

for (const args of [
  ['get'],
  ['no-such-command'],
  ['get', '--no-such-option', 'http://127.0.0.1/x'],
  ['replay'],
]) {
  test(`\`sluice ${args.join(' ')}\` is a usage error: exit code 2, on stderr`, async () => {
    const { code, stdout, stderr } = await sluice(args, { place, env });
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.ok(stderr.length > 0);
  });
}

test('an invalid setting stops the start with a message that names it', async () => {
  const { code, stderr } = await sluice(['serve'], { place, env: { SLUICE_PORT: 'many' } });
  assert.ok(code !== 0);
  assert.match(stderr, 'SLUICE_PORT');
});

test('a folder that cannot be created is named at once', async () => {
  // In /proc no folder can be created: the error is ENOENT although the parent exists.
  const out = process.platform === 'linux' ? '/proc/no/such' : '/dev/null/such';
  const { code, stderr } = await sluice(['get', `${site.url}/file/x.bin`, '--output', out], { place, env });
  assert.is(code, 1);
  assert.match(stderr, out);
});

test('engines lists the installed engines and how to get the others', async () => {
  const { code, stdout } = await sluice(['engines'], { place });
  assert.is(code, 0);
  for (const name of ['http', 'lux', 'yt-dlp']) assert.match(stdout, name);
});

const recording = join(import.meta.dirname, '../fixtures/recordings/lux/lux-images.jsonl');

test('replay prints the events of a recording with exact numbers, for any chunk size', async () => {
  const runs = await Promise.all(
    [[], ['--rechunk', '1'], ['--rechunk', '4096']].map((options) =>
      sluice(['replay', recording, ...options], { place }),
    ),
  );
  for (const { code, stderr } of runs) assert.is(code, 0, stderr);
  const [whole, ...cut] = runs.map(({ lines }) =>
    lines().map(({ type, fd, endOffset, percent, receivedBytes }) => ({
      type,
      fd,
      endOffset,
      percent,
      receivedBytes,
    })),
  );
  assert.ok(whole && whole.filter(({ type }) => type === 'progress').length > 3);
  assert.is(whole.at(-1)?.type, 'end');
  for (const events of cut) {
    assert.equal(
      events.filter(({ type }) => type === 'progress'),
      whole.filter(({ type }) => type === 'progress'),
    );
  }
});

test('replay of a file that is not a recording exits 1', async () => {
  const path = join(place.dir, 'no.jsonl');
  writeFileSync(path, 'not a recording\n');
  assert.is((await sluice(['replay', path], { place })).code, 1);
  assert.ok(readFileSync(path, 'utf8').length > 0);
});

test('output into a pipe is complete, however long it is', async () => {
  const chunk = JSON.stringify({
    t: 1,
    fd: 1,
    data: btoa('[download]  50.0% of 2.00MiB at 1.00MiB/s ETA 00:01\n'),
  });
  const header = JSON.stringify({ engine: 'yt-dlp', argv: ['yt-dlp', '--newline', 'u'], exitCode: 0 });
  const recording = join(place.dir, 'long.jsonl');
  // 2.5 MB of output, forty times the size of a pipe's buffer.
  writeFileSync(recording, [header, ...Array<string>(15_000).fill(chunk)].join('\n'));
  const { code, lines, stderr } = await sluice(['replay', recording], { place, env });
  assert.is(code, 0, stderr);
  const events = lines<{ type: string }>();
  assert.is(events.filter(({ type }) => type === 'progress').length, 15_000);
  assert.is(events.at(-1)?.type, 'end');
});

test.run();
