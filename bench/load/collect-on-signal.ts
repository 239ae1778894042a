/**
 * Loaded into the measured server by NODE_OPTIONS, with `--expose-gc`: on SIGUSR2 it collects garbage and
 * writes the memory in use to the file named by BENCH_MEMORY.
 */
import { writeFileSync } from 'node:fs';

export interface Memory {
  /** 1 for the first signal: tells a new file from the one before. */
  round: number;
  rssBytes: number;
  heapBytes: number;
}

const file = process.env['BENCH_MEMORY'];
let round = 0;

process.on('SIGUSR2', () => {
  void collect();
});

async function collect(): Promise<void> {
  // Freed memory is returned to the system some time later.
  for (let times = 0; times < 5; times++) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { rss, heapUsed } = process.memoryUsage();
  const memory: Memory = { round: ++round, rssBytes: rss, heapBytes: heapUsed };
  if (file !== undefined) writeFileSync(file, JSON.stringify(memory));
}
