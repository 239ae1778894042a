/** Each reader's worst inputs, as long as they may be, through the pool of processes that the server has. */
import { WORST_INPUTS, type WorstInput } from './worst-inputs.ts';
import { ReaderPool } from '#lib/foreign/pool/reader-pool.server.ts';
import { ERRORS, SluiceError } from '#lib/protocol/error.ts';
import { settles, waitFor } from '../../tests/support/wait.ts';
import type { Report } from './report.ts';
import { eachAtOnce, type Scene } from './scene.ts';

/** CPU of this thread for one read: most is the copy of the text and of what was read, and garbage of the tries before. */
const MAX_MAIN_CPU_MS = 400;
/** The reads' own limit is 20 s by the clock; a loaded machine ends a process later. */
const HANG_MS = 60_000;
/** Of this process, which holds what waits and what was read. */
const MAX_RESIDENT_BYTES = 2 * 1024 ** 3;

export async function attackReaders(scene: Scene, report: Report): Promise<void> {
  const pool = new ReaderPool();
  const codes = new Map<string, number>();
  let slowestMs = 0;
  try {
    await eachAtOnce(scene.some(WORST_INPUTS, 6), 1, async (input) => {
      const size = scene.scale === 'full' ? input.most : Math.min(input.most, 300_000);
      const made = input.make(size);
      const before = process.threadCpuUsage();
      const code = await outcome(pool, input, made);
      const { user, system } = process.threadCpuUsage(before);
      const mainMs = (user + system) / 1000;
      slowestMs = Math.max(slowestMs, mainMs);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      const isKnown = code === 'read' || (code in ERRORS && code !== 'internal_error');
      report.attempt(
        !isKnown
          ? `${input.reader}, ${input.name}: ${code}`
          : mainMs > MAX_MAIN_CPU_MS
            ? `${input.reader}, ${input.name}: ${mainMs.toFixed(0)} ms of the main thread`
            : null,
      );
    });
    const resident = process.memoryUsage().rss;
    if (resident > MAX_RESIDENT_BYTES) report.through.push(`${(resident / 1e6).toFixed(0)} MB are in use`);
    await waitFor(() => pool.processes === 0, { what: 'the processes to end', deadlineMs: HANG_MS });
  } finally {
    await pool.close();
  }
  report.notes.push(
    `${[...codes].map(([code, count]) => `${code} ${count}`).join(', ')}; at most ${slowestMs.toFixed(0)} ms of the main thread`,
  );
}

async function outcome(pool: ReaderPool, { reader }: WorstInput, input: never): Promise<string> {
  try {
    await settles(pool.read(reader, input, new AbortController().signal), {
      what: reader,
      deadlineMs: HANG_MS,
    });
    return 'read';
  } catch (thrown) {
    return thrown instanceof SluiceError ? thrown.code : String(thrown);
  }
}
