/** The stored state of each released version, opened by the current code. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadState, DownloadView } from '#lib/protocol/download.ts';
import type { RunnerCommand } from '#lib/protocol/runner.ts';
import { done, phase } from '../actors/session/harness.ts';
import { Api } from '../support/api.ts';
import { makePlace, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { MADE_AT, openStoredSession, type StoredSession } from './stored-session.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/state');

interface Expected {
  session: string;
  token: string;
  downloads: DownloadView[];
}

function expectedOf(version: string): Expected {
  return JSON.parse(readFileSync(join(FIXTURES, version, 'expected.json'), 'utf8')) as Expected;
}

function toldOf(commands: RunnerCommand[], type: RunnerCommand['type']): string[] {
  return commands.flatMap((command) =>
    command.type === type && 'download' in command ? command.download : [],
  );
}

async function withState(
  version: string,
  body: (s: StoredSession, expected: Expected, idOf: (name: string) => string) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  cpSync(join(FIXTURES, version), dir, { recursive: true });
  const expected = expectedOf(version);
  const idOf = (name: string): string =>
    expected.downloads.find(({ url }) => url.endsWith(`/${name}.bin`))?.id ?? name;
  const s = openStoredSession(dir, expected.session, MADE_AT + 60_000);
  try {
    await body(s, expected, idOf);
    assert.equal(s.errors, []);
  } finally {
    await s.close();
    rmSync(dir, { recursive: true });
  }
}

const versions = readdirSync(FIXTURES);

test('there is a fixture for every released version', () => {
  assert.ok(versions.includes('0.1.0'));
});

for (const version of versions) {
  test(`${version}: every download is unchanged`, () =>
    withState(version, async (s, { downloads }) => {
      const { body } = await s.call('GET', '/downloads');
      const now = (body as { downloads: DownloadView[] }).downloads;
      // Waiting downloads may have resumed, as a minute has passed.
      const still = (views: DownloadView[]) => views.filter(({ state }) => state !== 'waiting');
      assert.equal(
        now.map(({ id }) => id),
        downloads.map(({ id }) => id),
      );
      const moved = new Set(downloads.filter(({ state }) => state === 'waiting').map(({ id }) => id));
      assert.equal(
        still(now).filter(({ id }) => !moved.has(id)),
        still(downloads).map((view) => ({ ...view, bytesPerSecond: null, etaSeconds: null })),
      );
    }));

  test(`${version}: running downloads go on in the same attempt, and removed ones stay removed`, () =>
    withState(version, async (s, _, idOf) => {
      await s.wake();
      const wanted = ['parse', 'download', 'finish'].map(idOf).sort();
      await waitFor(() => toldOf(s.commands, 'start').length >= 3, { what: 'the runner to be asked' });
      assert.equal(toldOf(s.commands, 'start').sort(), wanted);
      assert.ok(s.commands.every((command) => command.type !== 'start' || command.attempt === 1));
      await waitFor(() => toldOf(s.commands, 'discard').length >= 2, { what: 'bytes to be discarded' });
      const [first = ''] = wanted;
      await s.news(phase(first, 'download'), done(first));
      const { body } = await s.call('GET', `/downloads/${first}`);
      assert.is((body as DownloadView).state, 'complete');
      await waitFor(() => toldOf(s.commands, 'start').includes(idOf('queued-1')), {
        what: 'the oldest in the queue to take the place',
      });
    }));

  test(`${version}: waiting downloads are retried, paused ones can be resumed, and commands are idempotent`, () =>
    withState(version, async (s, { downloads }, idOf) => {
      await s.wake();
      const stateOf = async (name: string): Promise<DownloadState> =>
        ((await s.call('GET', `/downloads/${idOf(name)}`)).body as DownloadView).state;
      for (const name of ['waiting', 'full']) {
        const isQueued = async (): Promise<boolean> => {
          s.clock.increment(100);
          return (await stateOf(name)) === 'queued';
        };
        await waitFor(isQueued, { what: `${name} to be tried again` });
      }
      assert.is(await stateOf('paused'), 'paused');
      assert.is((await s.call('POST', `/downloads/${idOf('paused')}/resume`)).status, 202);
      assert.is(await stateOf('paused'), 'queued');
      for (const name of ['error', 'cancelled']) {
        assert.is((await s.call('POST', `/downloads/${idOf(name)}/retry`)).status, 202);
      }
      const url = 'http://127.0.0.1:9/complete.bin';
      const again = { url, filename: 'complete.bin', commandId: 'add-complete' };
      assert.equal((await s.call('POST', '/downloads', again)).body, { id: idOf('complete') });
      const { body } = await s.call('GET', '/downloads');
      assert.is((body as { downloads: unknown[] }).downloads.length, downloads.length);
    }));

  test(`${version}: the server opens it, and its token is still valid`, async () => {
    const place = makePlace();
    for (const name of ['sluice.db', 'token.key'])
      cpSync(join(FIXTURES, version, name), join(place.dataDir, name));
    const { token, downloads } = expectedOf(version);
    const server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
    try {
      const now = await new Api(server.url, token).list('?state=complete,paused,cancelled,error');
      for (const name of ['complete', 'paused', 'cancelled', 'error']) {
        const was = downloads.find(({ url }) => url.endsWith(`/${name}.bin`));
        assert.equal(
          now.find(({ id }) => id === was?.id),
          was,
          name,
        );
      }
    } finally {
      await server.stop();
      place.remove();
    }
  });
}

test.run();
