import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, listing, never, URL_, VERSION, withLux } from './fixture.ts';

const one = listing([{ url: URL_, size: 1000, ext: 'mp4' }]);
const list = `case "$*" in -j*) echo '${one}'; exit ;; esac`;

test('a file of another size than announced is size_mismatch although lux exits with 0, and is not resumed', () =>
  withLux(async ({ lux, job, workDir }) => {
    const engine = await lux(`${VERSION}\n${list}\nhead -c 3000 /dev/zero > media.mp4`);
    assert.is(await codeOf(engine.download(job())), 'size_mismatch');
    assert.equal(await readdir(workDir), []);
  }));

test('a server that ignores ranges is detected by the bar even if parts are joined', () =>
  withLux(async ({ lux, job, workDir }) => {
    const parts = [1, 2].map(() => ({ url: URL_, size: 500, ext: 'ts' }));
    const joined = `case "$*" in -j*) echo '${listing(parts)}'; exit ;; esac`;
    const bar = '2.93 KiB / 1000 B [====] 1.00 MiB p/s 300.00%% 0s';
    const engine = await lux(
      `${VERSION}\n${joined}\nprintf '${bar}' >&2\nhead -c 3000 /dev/zero > media.mp4`,
      {
        ffmpegPath: '/usr/bin/ffmpeg',
      },
    );
    assert.is(await codeOf(engine.download(job())), 'size_mismatch');
    assert.equal(await readdir(workDir), []);
  }));

for (const [percent, end] of [
  ['61.25', 'size_mismatch'],
  ['100.00', 'no error'],
] as const) {
  test(`parts that were joined when the bar showed ${percent} %: ${end}`, () =>
    withLux(async ({ lux, job }) => {
      const parts = [1, 2].map(() => ({ url: URL_, size: 500, ext: 'ts' }));
      const joined = `case "$*" in -j*) echo '${listing(parts)}'; exit ;; esac`;
      const bar = `612 B / 1000 B [====] 1.00 MiB p/s ${percent}%% 0s`;
      const engine = await lux(
        `${VERSION}\n${joined}\nprintf '${bar}' >&2\nhead -c 700 /dev/zero > media.mp4`,
        { ffmpegPath: '/usr/bin/ffmpeg' },
      );
      assert.is(await codeOf(engine.download(job())), end);
    }));
}

test('a file of the right size is the result, named by the title', () =>
  withLux(async ({ lux, job, workDir }) => {
    const engine = await lux(`${VERSION}\n${list}\nhead -c 1000 /dev/zero > media.mp4`);
    const result = await engine.download(job());
    assert.equal(result, { path: join(workDir, 'media.mp4'), suggestedName: 'T.mp4', bytes: 1000 });
  }));

test('what was picked from a list has its title there, as row and as file', () =>
  withLux(async ({ lux, job, workDir }) => {
    const item = `printf '\\n Site: s\\n Title: T\\n Type: video\\n' >&2`;
    const engine = await lux(`${VERSION}\n${list}\n${item}\nhead -c 1000 /dev/zero > media.mp4`);
    const titles: (string | undefined)[] = [];
    const onInfo = ({ title }: { title?: string }): unknown => titles.push(title);
    const result = await engine.download({ ...job(), title: 'Album (3)', onInfo });
    assert.equal(result, { path: join(workDir, 'media.mp4'), suggestedName: 'Album (3).mp4', bytes: 1000 });
    assert.ok(
      titles.every((title) => title === undefined || title === 'Album (3)'),
      titles.join(),
    );
  }));

test('exit 0 without a file, or with several, is engine_output', () =>
  withLux(async ({ lux, job }) => {
    assert.is(await codeOf((await lux(`${VERSION}\n${list}`)).download(job())), 'engine_output');
    const album = await lux(`${VERSION}\n${list}\ntouch "media[0].jpg" "media[1].jpg"`);
    assert.is(await codeOf(album.download(job())), 'engine_output');
  }));

test('without ffmpeg, parts that need joining are ffmpeg_missing before anything is fetched', () =>
  withLux(async ({ lux, job, workDir }) => {
    const parts = [1, 2].map(() => ({ url: URL_, size: 500, ext: 'ts' }));
    const engine = await lux(
      `${VERSION}\ncase "$*" in -j*) echo '${listing(parts)}'; exit ;; esac\ntouch fetched`,
    );
    assert.is(await codeOf(engine.download(job())), 'ffmpeg_missing');
    assert.equal(await readdir(workDir), []);
  }));

test('a download uses the cached listing, and a stream that is not in it is stream_not_found', () =>
  withLux(async ({ lux, job, dir, workDir }) => {
    const log = join(dir, 'log');
    const engine = await lux(
      `${VERSION}\necho "$* of $(cat sluice-address)" >> ${log}\n${list}\nhead -c 1000 /dev/zero > media.mp4`,
    );
    await engine.parse({ url: URL_, signal: never });
    await engine.download(job({ streamId: 'a' }));
    assert.is(await codeOf(engine.download(job({ streamId: 'b' }))), 'stream_not_found');
    assert.equal((await readFile(log, 'utf8')).trim().split('\n'), [
      `-j -retry 2 -F sluice-address of ${URL_}`,
      `-f a -o . -O media -n 4 -retry 2 -F sluice-address of ${URL_}`,
    ]);
    assert.not((await readdir(workDir)).includes('sluice-address'));
  }));

test('another program called lux is unusable, no program is missing, each with what to do', () =>
  withLux(async ({ lux, job }) => {
    const other = await lux('echo "lux 1.21: sets the brightness of your display"');
    const status = await other.status();
    assert.is(status.state, 'unusable');
    assert.is(await codeOf(other.download(job())), 'engine_version');
    const none = await lux('', { path: '/nonexistent' });
    assert.is((await none.status()).state, 'missing');
    assert.is(await codeOf(none.download(job())), 'engine_missing');
  }));

test('the environment is built from scratch, with all proxy variables and without NO_PROXY', () =>
  withLux(async ({ lux, job, dir }) => {
    process.env['NO_PROXY'] = '*';
    process.env['SECRET_OF_THE_SERVER'] = 'x';
    const proxy = {
      outletFor: () => ({ serve: () => undefined, url: () => 'http://user:word@127.0.0.1:9' }),
      refused: () => null,
      forget: () => undefined,
    };
    const script = `${VERSION}\n${list}\nenv > ${join(dir, 'env')}\nhead -c 1000 /dev/zero > media.mp4`;
    await (await lux(script, { proxy })).download(job());
    delete process.env['NO_PROXY'];
    delete process.env['SECRET_OF_THE_SERVER'];
    const names = (await readFile(join(dir, 'env'), 'utf8'))
      .split('\n')
      .map((line) => line.split('=')[0] ?? '');
    for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'])
      assert.ok(names.includes(name), name);
    for (const name of ['NO_PROXY', 'no_proxy', 'SECRET_OF_THE_SERVER', 'HOME'])
      assert.not(names.includes(name), name);
  }));

test('an address that the proxy refuses is address_refused, and lux is never given one that bypasses the proxy', () =>
  withLux(async ({ lux, job, dir }) => {
    const proxy = {
      outletFor: () => ({ serve: () => undefined, url: () => 'http://127.0.0.1:9' }),
      refused: () => 'intern.example',
      forget: () => undefined,
    };
    const failing = `${VERSION}\n${list}\nprintf 'Downloading ${URL_} error:\\nForbidden\\n'; exit 1`;
    assert.is(await codeOf((await lux(failing, { proxy })).download(job())), 'address_refused');
    const engine = await lux(`touch ${join(dir, 'started')}`, {
      isRefused: ({ hostname }) => hostname === 'localhost',
    });
    assert.is(await codeOf(engine.download(job({ url: 'http://localhost/x' }))), 'address_refused');
    assert.is(await codeOf(engine.parse({ url: 'http://localhost/x', signal: never })), 'address_refused');
    assert.not((await readdir(dir)).includes('started'));
  }));

test('an invalid address starts no process', () =>
  withLux(async ({ lux, job, dir }) => {
    const engine = await lux(`touch ${join(dir, 'started')}`);
    for (const [url, code] of [
      ['--debug', 'invalid_url'],
      ['-F/etc/passwd', 'invalid_url'],
      ['file:///etc/passwd', 'unsupported_scheme'],
      [`$(touch ${join(dir, 'started')})`, 'invalid_url'],
    ] as const) {
      assert.is(await codeOf(engine.download(job({ url }))), code, url);
      assert.is(await codeOf(engine.parse({ url, signal: never })), code, url);
    }
    assert.not((await readdir(dir)).includes('started'));
  }));

test('it claims its sites, tries files, and does not claim other pages and manifests', () =>
  withLux(async ({ lux }) => {
    const engine = await lux(VERSION);
    const other = new URL('https://example.org/x');
    assert.is(await engine.supports(new URL('https://www.bilibili.com/video/1'), { kind: 'page' }), 'site');
    assert.is(await engine.supports(other, { kind: 'page' }), 'no');
    assert.is(await engine.supports(other, { kind: 'file', contentType: null, bytes: null }), 'generic');
    assert.is(await engine.supports(other, { kind: 'manifest', format: 'hls' }), 'no');
  }));

test.run();
