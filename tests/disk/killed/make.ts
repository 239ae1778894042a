/**
 * Makes `tests/fixtures/killed/NAME/`: the folders that a server of another commit left when it was killed in the middle of
 * everything. Run once for each such commit, of which PROJECT is a checkout that was built:
 * `node -C development tests/disk/killed/make.ts NAME PROJECT`
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DownloadView } from '#lib/protocol/download.ts';
import { makePlace, startServer } from '../../support/server.ts';
import { contentOf, ORIGIN_PORT, sha256Of, startOrigin } from './origin.ts';

const HELD_AFTER = 700 * 1024;

const [name, project] = process.argv.slice(2);
if (name === undefined || project === undefined) throw new Error('usage: make.ts NAME PROJECT');
const dir = join(import.meta.dirname, '../../fixtures/killed', name);
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });

const origin = await startOrigin(HELD_AFTER);
const place = makePlace();
const env = { SLUICE_MAX_ACTIVE_PER_SESSION: '4', SLUICE_MAX_ACTIVE: '4', SLUICE_ENGINES: 'http' };
const server = await startServer({ place, project, env });
const api = await server.session();
const url = (path: string): string => `http://127.0.0.1:${ORIGIN_PORT}/${path}`;

await api.waitFor(await api.add({ url: url('complete.bin') }), 'complete');
const paused = await api.add({ url: url('paused.bin') });
await api.waitUntil(paused, 'bytes', ({ receivedBytes }) => receivedBytes > 400_000);
await api.act(paused, 'pause');
await api.waitFor(paused, 'paused');
await api.waitFor(await api.add({ url: url('waiting.bin') }), 'waiting');
const running = {
  one: await api.add({ url: url('one.bin') }),
  several: await api.add({ url: url('several.bin') }),
  checked: await api.add({ url: url('checked.bin'), sha256: sha256Of(contentOf('checked')) }),
  stream: await api.add({ url: url('stream.m3u8') }),
};
const LEAST = { one: 600_000, several: 2_000_000, checked: 600_000, stream: 200_000 };
for (const [each, id] of Object.entries(running)) {
  await api.waitUntil(id, each, ({ receivedBytes }) => receivedBytes >= LEAST[each as keyof typeof LEAST]);
}
for (let n = 0; n < 3; n++) await api.add({ url: url('queued.bin') });
const { body } = await api.call<{ downloads: DownloadView[] }>('GET', '/api/downloads');
await server.kill9();
await origin.close();

writeFileSync(
  join(dir, 'expected.json'),
  `${JSON.stringify({ token: api.token, downloads: body.downloads }, null, 2)}\n`,
);
// An engine that is installed is none of it, nor is the space that is kept free.
const left = ['--exclude=data/engines', '--exclude=data/reserve', '--exclude=data/run', 'data', 'downloads'];
execFileSync('tar', ['-C', place.dir, '-S', '-czf', join(dir, 'left.tar.gz'), ...left]);
place.remove();
