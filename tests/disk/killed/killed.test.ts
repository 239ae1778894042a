/** What a server of an earlier commit left when it was killed, taken over by the current code. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { Api } from '../../support/api.ts';
import { makePlace, startServer } from '../../support/server.ts';
import { contentOf, type FileName, FILES, sha256Of, startOrigin, streamContent } from './origin.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/killed');

interface Expected {
  token: string;
  downloads: DownloadView[];
}

for (const name of readdirSync(FIXTURES)) {
  test(`${name}: every download is there, goes on, and has its bytes`, async () => {
    const fixture = join(FIXTURES, name);
    const expected = JSON.parse(readFileSync(join(fixture, 'expected.json'), 'utf8')) as Expected;
    const place = makePlace();
    const origin = await startOrigin(null);
    try {
      execFileSync('tar', ['-C', place.dir, '-xzf', join(fixture, 'left.tar.gz')]);
      const server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
      const api = new Api(server.url, expected.token);
      const { body } = await api.call<{ downloads: DownloadView[] }>('GET', '/api/downloads');
      assert.equal(
        body.downloads.map(({ id, url }) => [id, url]),
        expected.downloads.map(({ id, url }) => [id, url]),
      );
      for (const { id, url, state, attempt } of expected.downloads) {
        if (state === 'paused') {
          assert.is((await api.get(id)).state, 'paused');
          await api.act(id, 'resume');
        }
        const row = await api.waitFor(id, 'complete');
        assert.is(row.attempt, attempt, url);
        const got = readFileSync(join(place.downloadDir, row.file?.name ?? ''));
        assert.is(sha256Of(got), sha256Of(wholeOf(url)), url);
      }
      assert.equal(readdirSync(place.downloadDir).length, expected.downloads.length + 1);
      assert.is(await server.stop(), 0);
    } finally {
      await origin.close();
      place.remove();
    }
  });
}

function wholeOf(url: string): Buffer {
  const [, name = ''] = /\/(\w+)\.\w+$/.exec(url) ?? [];
  return name in FILES ? contentOf(name as FileName) : streamContent();
}

test.run();
