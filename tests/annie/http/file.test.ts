import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stat } from 'node:fs/promises';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { downloadFile, type FileOptions } from '#lib/annie/http/file/download.server.ts';
import { startSite } from '../../site/site.ts';
import { sha256Of } from '../../site/content.ts';
import { testUnless } from '../../support/skip.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { tlsMissing } from '../../site/tls.ts';
import { codeOf, freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';

const site = await startSite();
const guard = openGuard();
const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
const options: FileOptions = { client, guard, maxConnections: 4, stallMs: 10_000, syncAtEnd: false };
const MiB = 1024 * 1024;

async function fetched(path: string, seed: number, size: number, opts = options): Promise<string> {
  const workDir = await freshDir();
  const result = await settles(downloadFile(jobFor(site.url + path, workDir), opts));
  assert.is(result.bytes, size);
  assert.is(await hashOf(result.path), sha256Of(seed, size));
  return result.suggestedName;
}

for (const size of [0, 1, 9999, MiB, 3 * MiB + 7, 20 * MiB + 1]) {
  test(`a file of ${size} bytes arrives whole`, async () => {
    assert.is(await fetched(`/file/a.bin?size=${size}`, 1, size), 'a.bin');
  });
}

for (const fault of [
  'no-range',
  'ignore-range',
  'unknown-size',
  'gzip',
  'no-validators',
  'weak-etag',
  'wrong-range',
  '416',
]) {
  test(`a file arrives whole from a server with ${fault}`, async () => {
    await fetched(`/file/a.bin?size=2000000&seed=3&fault=${fault}`, 3, 2_000_000);
  });
  test(`a large file arrives whole from a server with ${fault}`, async () => {
    await fetched(`/file/a.bin?size=${17 * MiB}&seed=4&fault=${fault}`, 4, 17 * MiB);
  });
}

for (const [fault, code] of [
  ['status=404', 'remote_not_found'],
  ['status=410', 'remote_not_found'],
  ['status=403', 'remote_denied'],
  ['status=401', 'remote_denied'],
  ['status=407', 'remote_denied'],
  ['status=408', 'timeout'],
  ['status=425', 'remote_busy'],
  ['status=500', 'remote_error'],
  ['status=503', 'remote_busy'],
  ['status=418', 'remote_status'],
  ['retry-after=7', 'remote_busy'],
  ['reset', 'connection_lost'],
  ['short', 'size_mismatch'],
] as const) {
  test(`${fault} is ${code}`, async () => {
    const job = jobFor(`${site.url}/file/a.bin?size=3000&fault=${fault}`, await freshDir());
    assert.is(await settles(codeOf(downloadFile(job, options))), code);
  });
}

test('Retry-After comes with remote_busy, in ms', async () => {
  const job = jobFor(`${site.url}/file/a.bin?fault=retry-after=7`, await freshDir());
  const error = await downloadFile(job, options).catch((e: unknown) => e);
  assert.is((error as { retryAfterMs: number }).retryAfterMs, 7000);
});

test('a body that is longer than announced is cut at its announced length', async () => {
  await fetched('/file/a.bin?size=5000&fault=long', 1, 5000);
});

test('a connection that breaks again and again is resumed by ranges', async () => {
  await fetched('/file/a.bin?size=3000000&fault=cut-at=700000', 1, 3_000_000);
  await fetched(`/file/a.bin?size=${24 * MiB}&fault=cut-at=9000000&seed=8`, 8, 24 * MiB);
});

test('a connection that breaks without ranges is an error, not a wrong file', async () => {
  const job = jobFor(`${site.url}/file/a.bin?size=3000000&fault=cut-at=700000,no-range`, await freshDir());
  assert.is(await settles(codeOf(downloadFile(job, options))), 'size_mismatch');
});

for (const size of [3 * MiB, 40 * MiB]) {
  test(`an abort in the middle of ${size} bytes keeps what arrived, and the next attempt resumes there`, async () => {
    const workDir = await freshDir();
    const url = `${site.url}/file/r.bin?size=${size}&rate=${size * 2}&seed=5`;
    const abort = new AbortController();
    const reason = new Error('pause');
    const first = jobFor(url, workDir, { signal: abort.signal });
    const running = downloadFile(first, options).catch((e: unknown) => e);
    await waitFor(() => (first.samples.at(-1)?.receivedBytes ?? 0) > size / 4, { what: 'a quarter' });
    abort.abort(reason);
    assert.is(await settles(running), reason);
    const asked = site.asked.length;
    const second = jobFor(url, workDir);
    const result = await settles(downloadFile(second, options));
    assert.is(await hashOf(result.path), sha256Of(5, size));
    const [next] = site.asked.slice(asked);
    assert.ok(Number(/bytes=(\d+)-/.exec(next?.range ?? '')?.[1]) > 0, 'a range behind the start');
    assert.is(next?.ifRange, `"5-${size}"`);
    assert.ok((second.samples[0]?.receivedBytes ?? 0) >= size / 8);
  });
}

test('a server that serves one connection at a time does not get a second', async () => {
  await fetched(`/file/one.bin?size=${9 * MiB}&fault=hang&after=1`, 1, 9 * MiB);
});

test('extra connections that are refused leave the work to the first connection', async () => {
  const size = 24 * MiB;
  await fetched(`/file/busy.bin?size=${size}&rate=${8 * MiB}&fault=status=503&after=2&seed=6`, 6, size);
});

test('a busy server is retried within the attempt only if the connection broke', async () => {
  const url = `${site.url}/file/later.bin?size=1000&fault=status=503&times=2`;
  assert.is(await settles(codeOf(downloadFile(jobFor(url, await freshDir()), options))), 'remote_busy');
  await fetched('/file/later.bin?size=1000&fault=status=503&times=0', 1, 1000);
});

test('a file that changed between attempts is fetched from the start, never appended to', async () => {
  const workDir = await freshDir();
  const size = 4 * MiB;
  const url = `${site.url}/file/changes.bin?size=${size}&rate=${size}`;
  const abort = new AbortController();
  const first = jobFor(url, workDir, { signal: abort.signal });
  const running = codeOf(downloadFile(first, options));
  await waitFor(() => (first.samples.at(-1)?.receivedBytes ?? 0) > MiB, { what: 'a MiB' });
  abort.abort();
  await settles(running);
  site.change('/file/changes.bin', 77);
  const result = await settles(downloadFile(jobFor(url, workDir), options));
  assert.is(await hashOf(result.path), sha256Of(77, size));
});

test('a file that changes during a retry starts over', async () => {
  const size = 4 * MiB;
  const workDir = await freshDir();
  const url = `${site.url}/file/midway.bin?size=${size}&rate=${2 * size}`;
  const job = jobFor(url, workDir);
  const running = downloadFile(job, options);
  await waitFor(() => (job.samples.at(-1)?.receivedBytes ?? 0) > MiB, { what: 'a MiB' });
  site.change('/file/midway.bin', 78);
  site.cutAll();
  const result = await settles(running);
  assert.is(await hashOf(result.path), sha256Of(78, size));
});

test('a complete file in the work dir is not requested again', async () => {
  const workDir = await freshDir();
  const url = `${site.url}/file/once.bin?size=${2 * MiB}`;
  await downloadFile(jobFor(url, workDir), options);
  const asked = site.asked.length;
  const again = await downloadFile(jobFor(url, workDir), options);
  assert.is(site.asked.length, asked);
  assert.is(again.bytes, 2 * MiB);
});

test('several connections share a file whose server limits the speed of each', async () => {
  const size = 24 * MiB;
  const asked = site.asked.length;
  await fetched(`/file/p.bin?size=${size}&rate=${5 * MiB}&seed=9`, 9, size);
  const ranges = new Set(site.asked.slice(asked).map(({ range }) => range));
  assert.ok(ranges.size >= 3, [...ranges].join(' '));
});

test('up to ten redirects are followed, loops and private targets are not', async () => {
  await fetched('/hops?n=8', 1, MiB);
  const run = async (path: string): Promise<string> =>
    settles(codeOf(downloadFile(jobFor(site.url + path, await freshDir()), options)));
  assert.is(await run('/loop'), 'too_many_redirects');
  assert.is(await run('/redirect?to=http://169.254.169.254/'), 'address_refused');
  assert.is(await run('/redirect?to=http://0x7f000002/'), 'address_refused');
  assert.is(await run('/redirect?to=file:///etc/passwd'), 'unsupported_scheme');
  assert.is(await run('/redirect?to=ftp://x/'), 'unsupported_scheme');
});

test('names come from Content-Disposition unchanged, else from the address and the type', async () => {
  const named = encodeURIComponent('attachment; filename="../../etc/passwd"');
  assert.is(await fetched(`/file/x?size=10&disposition=${named}`, 1, 10), '../../etc/passwd');
  const star = encodeURIComponent("attachment; filename*=UTF-8''%e4%bd%a0%e5%a5%bd.mp4");
  assert.is(await fetched(`/file/x?size=10&disposition=${star}`, 1, 10), '你好.mp4');
  assert.is(await fetched('/file/caf%C3%A9?size=10&type=video/mp4', 1, 10), 'café.mp4');
});

test('a body that stalls is engine_stalled, on both paths', async () => {
  const quick = new HttpClient({ guard, stallMs: 300, headTimeoutMs: 5000 });
  const opts = { ...options, client: quick, stallMs: 300 };
  for (const size of [2 * MiB, 12 * MiB]) {
    const job = jobFor(`${site.url}/file/s.bin?size=${size}&fault=stall-at=${MiB}`, await freshDir());
    assert.is(await settles(codeOf(downloadFile(job, opts))), 'engine_stalled');
  }
  await quick.close();
});

test('a work dir that is gone is a disk error', async () => {
  const job = jobFor(`${site.url}/file/s.bin?size=100`, `${await freshDir()}/gone`);
  assert.is(await codeOf(downloadFile(job, options)), 'disk_missing');
});

test('samples rise to the end and never pass it', async () => {
  const job = jobFor(`${site.url}/file/m.bin?size=${3 * MiB}&rate=${6 * MiB}`, await freshDir());
  const { path } = await settles(downloadFile(job, options));
  const received = job.samples.map((sample) => sample.receivedBytes);
  assert.equal(
    received,
    [...received].sort((a, b) => a - b),
  );
  assert.ok(received.length > 3);
  assert.is(received.at(-1), (await stat(path)).size);
  assert.is(job.samples.at(-1)?.totalBytes, received.at(-1));
  assert.ok(job.samples.some(({ bytesPerSecond }) => bytesPerSecond !== null && bytesPerSecond > MiB));
});

testUnless(
  test,
  tlsMissing,
  'https is fetched on both paths, and an unknown certificate is refused',
  async () => {
    const secure = await startSite({ tls: true });
    const trusting = openGuard(secure.ca);
    const tlsClient = new HttpClient({ guard: trusting, stallMs: 10_000, headTimeoutMs: 10_000 });
    const opts = { ...options, guard: trusting, client: tlsClient };
    for (const size of [100_000, 33 * MiB]) {
      const result = await settles(
        downloadFile(jobFor(`${secure.url}/file/t.bin?size=${size}`, await freshDir()), opts),
      );
      assert.is(await hashOf(result.path), sha256Of(1, size));
    }
    const job = jobFor(`${secure.url}/file/t.bin?size=10`, await freshDir());
    assert.is(await settles(codeOf(downloadFile(job, options))), 'tls_failed');
    await tlsClient.close();
    await secure.close();
  },
);

test.after(async () => {
  await client.close();
  await site.close();
  await removeDirs();
});

test.run();
