/** Sessions resume after a start, even if one of them cannot. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import { readConfig } from '../../src/server/config.ts';
import { createSluice } from '../../src/server/sluice.ts';
import { createLogger } from '../../src/server/log.ts';
import { waitFor } from '../support/wait.ts';

test('a session that cannot wake does not prevent the others from resuming', async () => {
  const at = mkdtempSync(join(tmpdir(), 'sluice-going-on-'));
  const [dataDir, downloadDir] = [join(at, 'data'), join(at, 'downloads')];
  const env = {
    SLUICE_DATA_DIR: dataDir,
    SLUICE_DOWNLOAD_DIR: downloadDir,
    SLUICE_ENGINES: 'http',
    SLUICE_ALLOW_PRIVATE: '127.0.0.1',
  };
  const lines: string[] = [];
  const open = () =>
    createSluice({ config: readConfig(env, at, at), log: createLogger('error', (line) => lines.push(line)) });
  try {
    const first = await open();
    // An address without a server: both sessions have unfinished downloads when the server ends.
    const body = { url: 'http://127.0.0.1:9/a', streamId: null, engine: null, filename: null, title: null };
    for (const id of ['bad', 'good'])
      await first.sessions.get(id).call('ask', { name: 'add', ...body, sha256: undefined });
    const instance = instanceKey(join(dataDir, 'run'));
    await first.close();

    const store = openStore(join(dataDir, 'sluice.db'));
    const rows = store.rows({ class: 'session', id: 'bad' });
    for (const [key, text] of [...rows.list({ lower: 'd/', upper: 'd0', reverse: false })])
      rows.put(key, JSON.stringify({ ...JSON.parse(text), v: 99 }));
    store.commit();
    store.close();
    const left = join(downloadDir, '.sluice', 'left12345678');
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'owner.json'), JSON.stringify({ version: 1, instance, session: 'good' }));

    const second = await open();
    await second.resume();
    await waitFor(() => !existsSync(left), { what: 'what was left of the good session to be cleared away' });
    assert.match(lines.join(''), /bad/);
    await second.close();
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
});

test.run();
