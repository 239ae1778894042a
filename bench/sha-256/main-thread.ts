/**
 * Loaded into the measured server by NODE_OPTIONS: on SIGUSR2 it writes to the file named by BENCH_MAIN_THREAD the CPU
 * time of its main thread, and how late its timers were since the last signal.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

export interface MainThread {
  /** 1 for the first signal: tells a new file from the one before. */
  round: number;
  /** CPU time of this thread since the start. */
  cpuSeconds: number;
  /** How late timers of 1 ms were, ms. */
  lateMs: { p50: number; p99: number; max: number };
}

const file = process.env['BENCH_MAIN_THREAD'];

if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let round = 0;
  process.on('SIGUSR2', () => {
    const { user, system } = process.threadCpuUsage();
    // The monitor includes its own resolution in each delay.
    const late = (percentile: number): number => Math.max(0, delay.percentile(percentile) / 1e6 - 1);
    const lateMs = { p50: late(50), p99: late(99), max: late(100) };
    delay.reset();
    const seen: MainThread = { round: ++round, cpuSeconds: (user + system) / 1e6, lateMs };
    writeFileSync(`${file}.new`, JSON.stringify(seen));
    renameSync(`${file}.new`, file);
  });
}
