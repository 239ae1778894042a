import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EngineName } from '#lib/protocol/media.ts';
import { codeOf } from '../process/with-host.ts';
import { readConfig } from '../../src/server/config.ts';
import { startEngines } from '../../src/server/engines.ts';
import { createLogger } from '../../src/server/log.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/engines/gallery-dl');
const dataDir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
test.after(() => rmSync(dataDir, { recursive: true }));

/** Names and states of the engines of a server with this setting, and its log. */
async function enginesOf(setting?: string): Promise<{ states: [EngineName, string][]; log: string }> {
  const config = readConfig({ SLUICE_DATA_DIR: dataDir, SLUICE_ENGINES: setting }, '/home/x', '/');
  let log = '';
  const started = await startEngines({
    ...{ config, allowPrivate: [], stateDir: join(dataDir, 'state') },
    log: createLogger('warn', (line) => (log += line)),
  });
  try {
    const statuses = await started.registry.statuses();
    const unknown = started.registry.choose(
      'https://x.example/',
      'program:zzz',
      new AbortController().signal,
    );
    assert.is(await codeOf(unknown), 'engine_unknown');
    return { states: statuses.map(({ engine, state }) => [engine, state]), log };
  } finally {
    await started.close();
  }
}

test('programs in the data folder are engines, before those that know a thousand sites', async () => {
  for (const name of ['gallery-dl', 'broken', 'Not A Name']) {
    mkdirSync(join(dataDir, 'engines', name), { recursive: true });
    writeFileSync(join(dataDir, 'engines', name, 'engine.json'), '{}');
  }
  cpSync(EXAMPLE, join(dataDir, 'engines/gallery-dl'), { recursive: true });
  const { states, log } = await enginesOf();
  assert.equal(states.slice(0, 3), [
    ['http', 'ready'],
    ['program:broken', 'unusable'],
    ['program:gallery-dl', 'ready'],
  ]);
  assert.match(log, 'Not A Name');
});

test('a setting allows the programs that it names, each once, and says what is missing', async () => {
  assert.equal((await enginesOf('http')).states, [['http', 'ready']]);
  assert.equal((await enginesOf('program:none,program:gallery-dl,program:*')).states, [
    ['program:none', 'missing'],
    ['program:gallery-dl', 'ready'],
    ['program:broken', 'unusable'],
  ]);
});

test.run();
