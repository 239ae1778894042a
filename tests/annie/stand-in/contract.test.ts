import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { createStandInEngine } from '#lib/annie/stand-in/engine.ts';
import { engineContract } from '../engine-contract.ts';
import { readers } from '../../support/readers.ts';

/** In the header of `lux-plain`. */
const BYTES = 15_618_348;

engineContract(test, null, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const processes = await createProcessHost({ runDir: join(dir, 'run') });
  const media = (speed: number) => ({
    url: `http://stand-in.test/?speed=${speed}#lux-plain`,
    bytes: BYTES,
    // Its file is sparse: all zeros.
    sha256: createHash('sha256').update(new Uint8Array(BYTES)).digest('hex'),
  });
  return {
    engine: createStandInEngine({ processes, readers, nodePath: process.execPath }),
    media: media(40),
    slow: media(3),
    missing: { url: 'http://stand-in.test/#lux-404', codes: ['remote_not_found'] },
    refused: null,
    async close() {
      await processes.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
});

test.run();
