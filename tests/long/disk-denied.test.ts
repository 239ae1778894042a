/** A download dir that cannot be written, or is taken away: said at once, by code; once healed, it goes on by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { Api } from '../support/api.ts';
import { makePlace, PROJECT, sluiceEnv, startServer, type TestServer } from '../support/server.ts';
import { sluice } from '../support/cli.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';
import { NOBODY, readOnlyMount, unlessMounts, unlessNobodyReads } from '../disk/disks.ts';

const MIB = 1024 * 1024;
const HTTP = { SLUICE_ENGINES: 'http' };
let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

/** Adds a slow file, calls `harm` while it runs, and returns its final row. */
async function harmed(server: TestServer, engine: string, harm: () => void) {
  const api = await server.session();
  const url = `${site.url}/file/${engine}.mp4?size=${8 * MIB}&seed=71&rate=${MIB}&type=video/mp4`;
  const id = await api.add({ url, engine });
  await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB / 2);
  harm();
  return { api, id, row: await api.waitFor(id, 'waiting') };
}

for (const [engine, missing] of [
  ['http', null],
  ['yt-dlp', ytDlpMissing()],
] as const) {
  testUnless(
    test,
    missing,
    `${engine}: a download dir that is taken away is disk_missing; back, it completes`,
    async () => {
      const place = makePlace();
      const server = await startServer({ place, env: { SLUICE_ENGINES: engine } });
      const away = `${place.downloadDir}-away`;
      try {
        const { api, id, row } = await harmed(server, engine, () => renameSync(place.downloadDir, away));
        assert.equal(row.error, { code: 'disk_missing', message: 'The download folder is gone.' });
        assert.is(row.attempt, 1, 'at once, not after tries that cannot help');
        assert.not.ok(existsSync(place.downloadDir), 'it may be a disk that is not mounted: nobody makes it');
        await api.act(id, 'resume');
        const again = await api.waitUntil(id, 'the next look', ({ attempt }) => attempt === 2);
        assert.is(again.error === null || again.error.code === 'disk_missing', true);
        assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_missing');
        renameSync(away, place.downloadDir);
        await api.waitFor(id, 'complete');
      } finally {
        await server.stop();
        place.remove();
      }
    },
  );
}

test('a missing download dir is created at the start', async () => {
  const place = makePlace();
  rmSync(place.downloadDir, { recursive: true });
  const server = await startServer({ place, env: HTTP });
  try {
    const api = await server.session();
    await api.waitFor(await api.add({ url: `${site.url}/file/a.bin?size=1000`, engine: 'http' }), 'complete');
  } finally {
    await server.stop();
    place.remove();
  }
});

testUnless(
  test,
  unlessMounts(),
  'a read-only download disk is reported at the start and as disk_read_only, and downloads work once it is writable',
  async () => {
    const place = makePlace();
    const release = readOnlyMount(place.downloadDir);
    const server = await startServer({ place, env: HTTP });
    try {
      await waitFor(() => server.log.includes('SLUICE_DOWNLOAD_DIR cannot be written'), {
        what: 'the warning',
      });
      const api = await server.session();
      const id = await api.add({ url: `${site.url}/file/a.bin?size=1000`, engine: 'http' });
      assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_read_only');
      release();
      await api.waitFor(id, 'complete');
    } finally {
      await server.stop();
      place.remove();
    }
  },
);

testUnless(
  test,
  unlessMounts(),
  'a download disk that becomes read-only during a download is disk_read_only',
  async () => {
    const place = makePlace();
    const server = await startServer({ place, env: HTTP });
    let release = (): void => undefined;
    try {
      // Open files can still be written: only the final rename fails.
      const { api, id, row } = await harmed(server, 'http', () => {
        release = readOnlyMount(place.downloadDir);
      });
      assert.is(row.error?.code, 'disk_read_only');
      release();
      release = () => undefined;
      await api.waitFor(id, 'complete');
    } finally {
      release();
      await server.stop();
      place.remove();
    }
  },
);

testUnless(
  test,
  unlessNobodyReads(),
  'a download dir of another user is reported at the start and as disk_denied',
  async () => {
    const place = makePlace();
    for (const dir of [place.dir, place.dataDir, place.home]) chownSync(dir, NOBODY, NOBODY);
    chmodSync(place.downloadDir, 0o755);
    const child = spawn(process.execPath, [join(PROJECT, 'bin/sluice.js'), 'serve'], {
      cwd: place.dir,
      env: sluiceEnv(place, { SLUICE_PORT: '0', ...HTTP }),
      uid: NOBODY,
      gid: NOBODY,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (said += text.toString()));
    const exited = once(child, 'exit');
    try {
      const url = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      await waitFor(() => url() ?? child.exitCode !== null, { what: `the server to listen: ${said}` });
      // Printed on the other stream, so it may arrive later.
      await waitFor(() => /SLUICE_DOWNLOAD_DIR cannot be written.*EACCES/.test(said), {
        what: 'the warning',
      });
      const api = await Api.create(url() ?? '');
      const id = await api.add({ url: `${site.url}/file/a.bin?size=1000`, engine: 'http' });
      assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_denied');
      chownSync(place.downloadDir, NOBODY, NOBODY);
      await api.waitFor(id, 'complete');
    } finally {
      child.kill('SIGTERM');
      await settles(exited, { what: 'the exit' });
      place.remove();
    }
  },
);

testUnless(
  test,
  unlessMounts(),
  'get does not wait for a read-only folder: it exits 1 and says why',
  async () => {
    const place = makePlace();
    const release = readOnlyMount(place.downloadDir);
    try {
      const { code, stdout } = await sluice(['get', `${site.url}/file/a.bin?size=1000`], {
        place,
        env: HTTP,
      });
      assert.is(code, 1);
      assert.match(stdout, /"code":"disk_read_only"/);
    } finally {
      release();
      place.remove();
    }
  },
);

test.run();
