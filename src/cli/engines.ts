import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineStatus } from '#lib/protocol/media.ts';
import { startEngines } from '../engines.ts';
import { createLogger } from '../log.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { engineLines } from './engine-lines.ts';

export const engines: Command = {
  synopsis: '[install NAME] [--json]',
  summary: 'Lists the engines, which version is installed, and how to get the rest; or installs one.',
  help: `
sluice engines install yt-dlp   puts a pinned, checked copy into the data folder`,
  options: { json: { type: 'boolean' } },
  arguments: { min: 0, max: 2 },
  async run([verb, name], values, io) {
    if (verb === undefined) return list(values['json'] === true, io);
    if (verb !== 'install' || name === undefined) throw new UsageError('Say: sluice engines install NAME');
    throw new UsageError(`${name} cannot be installed by Sluice. It can install: yt-dlp.`);
  },
};

async function list(asJson: boolean, io: Io): Promise<number> {
  const statuses = await askEngines(io);
  io.stdout.write(asJson ? `${JSON.stringify({ engines: statuses })}\n` : engineLines(statuses).join(''));
  return 0;
}

async function askEngines(io: Io): Promise<EngineStatus[]> {
  const stateDir = await mkdtemp(join(tmpdir(), 'sluice-engines-'));
  try {
    const log = createLogger('error', (line) => io.stderr.write(line));
    const started = await startEngines({ config: io.config(), allowPrivate: [], stateDir, log });
    try {
      return await started.registry.statuses();
    } finally {
      await started.close();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}
