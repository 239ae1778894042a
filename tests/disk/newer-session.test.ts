/** Rows of a newer Sluice in a store that this one may open: each has a version, and unknown ones are refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { MADE_AT, openStoredSession } from './stored-session.ts';

/** @returns what is stored under `key`, after `change` */
function stored(dir: string, key: string, change = (text: string) => text): string {
  const store = openStore(join(dir, 'sluice.db'));
  const rows = store.rows({ class: 'session', id: 's' });
  const text = change(rows.get(key) ?? '');
  rows.put(key, text);
  store.commit();
  store.close();
  return text;
}

const newer = (text: string): string => JSON.stringify({ ...JSON.parse(text), v: 99, unheard: 'of' });

async function withDownload(body: (dir: string, id: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-newer-'));
  try {
    const s = openStoredSession(dir, 's', MADE_AT);
    const added = await s.call('POST', '/downloads', { url: 'https://example.org/a' });
    await s.close();
    await body(dir, (added.body as { id: string }).id);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The code that a listing of the session is refused with. */
async function refusal(dir: string): Promise<string | undefined> {
  const s = openStoredSession(dir, 's', MADE_AT + 60_000);
  try {
    const { body } = await s.call('GET', '/downloads');
    return (body as { code?: string }).code;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await s.close();
  }
}

test('a session of a newer version is refused with store_newer and stays as it is', () =>
  withDownload(async (dir) => {
    const before = stored(dir, 'meta', newer);
    assert.is(await refusal(dir), 'store_newer');
    assert.is(stored(dir, 'meta'), before);
  }));

test('a download of a newer version is refused with store_newer and stays as it is', () =>
  withDownload(async (dir, id) => {
    const before = stored(dir, `d/${id}`, newer);
    assert.is(await refusal(dir), 'store_newer');
    assert.is(stored(dir, `d/${id}`), before);
  }));

test.run();
