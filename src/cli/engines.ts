import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installYtDlp } from '#lib/annie/yt-dlp/install.server.ts';
import type { Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { EngineStatus } from '#lib/protocol/media.ts';
import { startEngines } from '../server/engines.ts';
import { createLogger } from '../server/log.ts';
import { type CliCommand, type Io, UsageError } from './command.ts';
import { engineLines } from './engine-lines.ts';

export const engines: CliCommand = {
  synopsis: '[install NAME] [--json]',
  summary:
    'Lists the engines, which version is installed, how to get the rest, and how they are contained; or installs one.',
  help: `
sluice engines install yt-dlp   puts a pinned, checked copy into the data folder`,
  options: { json: { type: 'boolean' } },
  arguments: { min: 0, max: 2 },
  async run([verb, name], values, io) {
    if (verb === undefined) return list(values['json'] === true, io);
    if (verb !== 'install' || name === undefined) throw new UsageError('Say: sluice engines install NAME');
    if (name !== 'yt-dlp') throw new UsageError(`Sluice can install yt-dlp. ${HINTS[name] ?? ''}`.trim());
    return install(io);
  },
};

const HINTS: Record<string, string> = {
  http: 'http is built in.',
  lux: 'For lux, put its program on PATH: https://github.com/iawia002/lux/releases',
};

async function install(io: Io): Promise<number> {
  const stopping = new AbortController();
  const stopListening = io.onInterrupt(() => stopping.abort(new SluiceError('engine_exit', 'Interrupted.')));
  try {
    await installYtDlp({
      dataDir: io.config().dataDir,
      onLine: (line) => void io.stdout.write(`${line}\n`),
      signal: stopping.signal,
      env: { ...io.env },
    });
    return 0;
  } finally {
    stopListening();
  }
}

async function list(asJson: boolean, io: Io): Promise<number> {
  const { statuses, sandbox } = await readStatuses(io);
  const lines = engineLines(statuses, sandbox).join('');
  io.stdout.write(asJson ? `${JSON.stringify({ engines: statuses, sandbox: reportOf(sandbox) })}\n` : lines);
  return 0;
}

/** Without paths of this machine. */
function reportOf(sandbox: Sandbox): object {
  if (sandbox.level === 'full') return { level: sandbox.level, bubblewrap: sandbox.version };
  const { level, reason, remedy } = sandbox;
  return { level, reason, remedy };
}

async function readStatuses(io: Io): Promise<{ statuses: EngineStatus[]; sandbox: Sandbox }> {
  const stateDir = await mkdtemp(join(tmpdir(), 'sluice-engines-'));
  try {
    const log = createLogger('error', (line) => io.stderr.write(line));
    const started = await startEngines({ config: io.config(), allowPrivate: [], stateDir, log });
    try {
      return { statuses: await started.registry.statuses(), sandbox: started.sandbox };
    } finally {
      await started.close();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}
