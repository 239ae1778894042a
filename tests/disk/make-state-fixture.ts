/**
 * Makes `tests/fixtures/state/VERSION/`: the state dir of a session with a download in every state, as the
 * current code stores it. Run once for each released version, and never again for an old one:
 * `node tests/disk/make-state-fixture.ts 0.1.0`
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokens } from '#lib/channel/token.ts';
import { loadTokenKey } from '#lib/channel/token-key.server.ts';
import type { ErrorCode } from '#lib/protocol/error.ts';
import { MADE_AT, openStoredSession } from './stored-session.ts';
import { done, failed, phase, sample } from '../actors/session/harness.ts';

const version = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('usage: make-state-fixture.ts VERSION');
const dir = join(import.meta.dirname, '../fixtures/state', version);
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });

const { session, token } = new Tokens(loadTokenKey(dir)).issue();
const s = openStoredSession(dir, session, MADE_AT);

async function add(name: string): Promise<string> {
  const body = { url: `http://127.0.0.1:9/${name}.bin`, filename: `${name}.bin`, commandId: `add-${name}` };
  const { body: answer } = await s.call('POST', '/downloads', body);
  // Short enough that no retry is due.
  s.clock.increment(10);
  return (answer as { id: string }).id;
}

async function failWith(id: string, code: ErrorCode, transient: boolean): Promise<void> {
  const event = failed(id, transient);
  if (event.type !== 'failed') return;
  await s.news(phase(id, 'download'), { ...event, error: { ...event.error, code, message: `${code}.` } });
}

const complete = await add('complete');
await s.news(phase(complete, 'download'), sample(complete, 500), phase(complete, 'finish'), done(complete));
await failWith(await add('error'), 'remote_not_found', false);
await s.call('POST', `/downloads/${await add('cancelled')}/cancel`);
// The removal is never confirmed: the intent stays.
void s.call('DELETE', `/downloads/${await add('removed')}`).catch(() => undefined);
const paused = await add('paused');
await s.news(phase(paused, 'download'), sample(paused, 400));
await s.call('POST', `/downloads/${paused}/pause`);
await failWith(await add('waiting'), 'connection_lost', true);
await failWith(await add('full'), 'disk_full', true);
const [parse, download, finish] = [await add('parse'), await add('download'), await add('finish')];
await s.news(phase(parse, 'parse'), phase(download, 'download'), sample(download, 300));
await s.news(phase(finish, 'download'), phase(finish, 'finish'));
await add('queued-1');
await add('queued-2');

const { body } = await s.call('GET', '/downloads');
await s.close();
writeFileSync(
  join(dir, 'expected.json'),
  `${JSON.stringify({ session, token, ...(body as object) }, null, 2)}\n`,
);
