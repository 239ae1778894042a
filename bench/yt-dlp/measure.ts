/** One file with bare yt-dlp, yt-dlp with our flags, and yt-dlp under the server, in turn. */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WRAPPER_DIR } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { ADDRESS_FILE, addressFile } from '#lib/annie/address-file.ts';
import { downloadArguments } from '#lib/annie/yt-dlp/arguments.ts';
import { locateInstalled } from '#lib/annie/yt-dlp/locate.server.ts';
import { selectorOf } from '#lib/annie/yt-dlp/selector.ts';
import { startServer } from '../../tests/support/server.ts';
import { toolPath } from '../../tests/support/tools.ts';
import { waitFor } from '../../tests/support/wait.ts';
import { YT_DLP_HOME } from '../../tests/support/yt-dlp.ts';
import { BenchClient } from '../client.ts';
import { contentHash } from '../origin/content.ts';
import type { Origin } from '../origin/start.ts';
import { type Cost, timeCommand, watchCpu } from '../processes.ts';
import { warmMemory } from '../warm-memory.ts';

/** `bare`: only the output path. `flags`: our flags, no proxy. `server`: all of it, in the sandbox and through the guard. */
export type Variant = 'bare' | 'flags' | 'server';
export type Rounds = Record<Variant, Cost[]>;

export async function measureYtDlp(origin: Origin, bytes: number, rounds: number): Promise<Rounds> {
  const command = locateInstalled(YT_DLP_HOME)?.command;
  const python = command?.[0];
  if (command === undefined || python === undefined) throw new Error('yt-dlp is not installed');
  const server = await startServer();
  const client = await BenchClient.open(server.url);
  const url = origin.url({ name: 'large', bytes });
  const dir = join(server.place.downloadDir, 'bare');
  mkdirSync(dir);
  const expected = contentHash(bytes);

  async function check(path: string): Promise<void> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
    if (hash.digest('hex') !== expected) throw new Error(`${path} has other bytes`);
    rmSync(path);
  }

  /** In an empty dir; the file is recognised by its size. */
  async function timed(argv: string[]): Promise<Cost> {
    const cost = await timeCommand(argv, { PATH: process.env['PATH'], HOME: dir }, dir);
    const file = readdirSync(dir).find((name) => statSync(join(dir, name)).size === bytes);
    if (file === undefined) throw new Error(`${argv.join(' ')} left no file`);
    await check(join(dir, file));
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
    return cost;
  }

  const ffmpegPath = toolPath('ffmpeg');
  const flags = downloadArguments({
    nodePath: process.execPath,
    ffmpegDir: WRAPPER_DIR,
    from: 'address',
    item: 1,
    selector: selectorOf(null, ffmpegPath !== null),
    resumes: true,
    nonce: 'bench',
  });
  const variants: Record<Variant, () => Promise<Cost>> = {
    bare: () => timed([python, '-I', '-m', 'yt_dlp', '-o', 'media.%(ext)s', url]),
    flags: () => {
      writeFileSync(join(dir, ADDRESS_FILE), addressFile(url)[ADDRESS_FILE] ?? '');
      return timed([...command, ...flags]);
    },
    async server() {
      const cpu = watchCpu(server.pid);
      const { id, name, seconds } = await client.download({ url, engine: 'yt-dlp' });
      const cpuSeconds = cpu.stop();
      const workDir = join(server.place.downloadDir, '.sluice', id);
      await waitFor(() => !existsSync(workDir), { what: 'the file to be on the disk', deadlineMs: 60_000 });
      await check(join(server.place.downloadDir, name));
      return { wallSeconds: seconds, cpuSeconds };
    },
  };

  const costs: Rounds = { bare: [], flags: [], server: [] };
  const names = Object.keys(variants) as Variant[];
  try {
    // Warm-up: once each without being counted.
    for (let round = -1; round < rounds; round++) {
      for (let k = 0; k < names.length; k++) {
        const name = names[(Math.max(0, round) + k) % names.length]!;
        await warmMemory(server.place.downloadDir, bytes * 1.25);
        const cost = await variants[name]();
        if (round >= 0) costs[name].push(cost);
      }
    }
    return costs;
  } finally {
    client.close();
    await server.stop();
  }
}
