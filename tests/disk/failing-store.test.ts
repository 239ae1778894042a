/** While the store fails, lists can be read: also by those who ask while something is stored in vain. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import { openFaultyStore } from '../actors/durable/faulty-store.ts';
import { MADE_AT, openStoredSession } from './stored-session.ts';

test('a list is read while a retry, an add and a removal fail, and has what is stored', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-failing-'));
  const store = openFaultyStore(join(dir, 'sluice.db'));
  const s = openStoredSession(dir, 's', MADE_AT, store);
  try {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { body } = await s.ask('POST', '/downloads', { url: `https://example.org/${n}.bin` });
      ids.push((body as { id: string }).id);
    }
    const started = s.commands.length;
    store.fault = new SluiceError('disk_error');
    for (let round = 0; round < 3; round += 1) {
      const writes = [
        s.ask('POST', `/downloads/${ids[0]}/pause`),
        s.ask('POST', '/downloads', { url: 'https://example.org/new.bin' }),
        s.ask('DELETE', `/downloads/${ids[1]}`),
      ].map((call) =>
        call.then(
          ({ status }) => status,
          (error: SluiceError) => error.code,
        ),
      );
      const reads = [s.ask('GET', '/downloads'), s.ask('GET', `/downloads/${ids[1]}`)];
      const [list, one] = await Promise.all(reads);
      assert.is(list?.status, 200);
      assert.equal(
        (list?.body as unknown as { downloads: { id: string; state: string }[] }).downloads.map(
          ({ id }) => id,
        ),
        ids.toReversed(),
      );
      assert.is(one?.status, 200);
      assert.equal(await Promise.all(writes), ['disk_error', 'disk_error', 'disk_error']);
    }
    assert.is(s.commands.length, started, 'what was not stored is not done');
    store.fault = null;
    assert.is((await s.ask('POST', `/downloads/${ids[0]}/pause`)).status, 202);
  } finally {
    store.fault = null;
    await s.close();
    rmSync(dir, { recursive: true });
  }
});

test.run();
