import { test } from 'uvu';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { sha256Of } from '../../site/content.ts';
import { startSite } from '../../site/site.ts';
import { engineContract } from '../engine-contract.ts';
import { openGuard } from './kit.ts';
import { readers } from '../../support/readers.ts';

const BYTES = 4 * 1024 * 1024;

engineContract(test, null, async () => {
  const site = await startSite();
  const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });
  const media = {
    url: `${site.url}/file/clip.mp4?size=${BYTES}&seed=7&type=video/mp4`,
    bytes: BYTES,
    sha256: sha256Of(7, BYTES),
  };
  return {
    engine,
    media,
    slow: { ...media, url: `${media.url}&rate=${BYTES * 2}` },
    missing: { url: `${site.url}/nowhere`, codes: ['remote_not_found'] },
    refused: 'http://127.0.0.2/x.mp4',
    async close() {
      await engine.close();
      await site.close();
    },
  };
});

test.run();
