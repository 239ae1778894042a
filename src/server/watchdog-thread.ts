/**
 * The thread that ends its process when the main thread's event loop does not turn. A bundle of its own
 * (`scripts/build.ts`): a thread is started from a file.
 */
import { write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { withTermination, blamedJob, type CurrentJob, parseJob } from '#lib/watchdog/termination-history.ts';
import { loadHistory, storeHistory } from '#lib/watchdog/termination-history-file.server.ts';
import { collectGarbage } from '#lib/watchdog/garbage.server.ts';
import { CURRENT_JOB_EXPRESSION } from '#lib/watchdog/job-context.ts';
import { evaluateInMainThread } from '#lib/watchdog/main-thread.server.ts';
import { onSignals } from '#lib/watchdog/signals.server.ts';
import { HangDetector, type Verdict } from '#lib/watchdog/hang-detector.ts';
import { SHARED_INDEX, SILENCE, type WatchdogThreadData } from '#lib/watchdog/thread-data.ts';
import type { LogLevel } from './config.ts';
import { createLogger } from './log.ts';

/** A pipe that nobody reads, or a terminal that was stopped, must not keep the process. */
const SAY_MS = 300;
/** As a shell says of a process that was killed. */
const KILLED = 137;
const STDERR = 2;

const { shared, limits, historyPath, signals, logLevel } = workerData as WatchdogThreadData;
let said: Promise<unknown> = Promise.resolve();
const log = createLogger(logLevel as LogLevel, (line) => {
  // Not `process.stderr`: a worker's goes through the main thread.
  said = new Promise((resolve) => write(STDERR, line, resolve));
});
const detector = new HangDetector(limits);
let answers: CurrentJob[] = [];
let lastTickAt = performance.now();

if (!onSignals(signals, (signal) => detector.onSignal(signal))) {
  log.warn('this Node tells a thread of no signals: while it is blocked, SIGTERM does not end the server', {
    node: process.version,
    endedAfterMs: limits.silentMs,
  });
}
const ticks = setInterval(() => {
  const now = performance.now();
  const silence = Atomics.load(shared, SHARED_INDEX.silence);
  const verdict = detector.tick({
    heartbeats: Atomics.load(shared, SHARED_INDEX.heartbeats),
    elapsedMs: now - lastTickAt,
    isPaused: silence === SILENCE.debugged,
    isStarting: silence === SILENCE.starting,
  });
  lastTickAt = now;
  if (verdict.do === 'ask') ask(verdict.first);
  else if (verdict.do === 'end') void end(verdict);
}, limits.tickMs);

parentPort?.postMessage('watching');
// What its start has left: 3 MB of 11.
collectGarbage().catch(() => undefined);

function ask(first: boolean): void {
  const mine = first ? (answers = []) : answers;
  evaluateInMainThread(CURRENT_JOB_EXPRESSION).then(
    (text) => {
      const job = parseJob(text);
      if (job) mine.push(job);
    },
    () => undefined,
  );
}

async function end({ silentMs, signal }: Extract<Verdict, { do: 'end' }>): Promise<void> {
  clearInterval(ticks);
  const silentSeconds = Math.round(silentMs / 100) / 10;
  if (signal !== null) {
    log.error('the server does not act on a signal: it is ended', { signal, silentSeconds });
  } else {
    const job = blamedJob(answers);
    const isNoted = recordTermination(job);
    log.error('the event loop of the server does not turn: it is ended', {
      silentSeconds,
      ...describe(job),
      isNoted,
    });
  }
  await Promise.race([said, delay(SAY_MS)]);
  process.kill(process.pid, 'SIGKILL');
  // Still here: the first process of a container cannot be killed from inside it.
  await evaluateInMainThread(`process.exit(${KILLED})`);
}

function recordTermination(job: CurrentJob | null): boolean {
  try {
    storeHistory(historyPath, withTermination(loadHistory(historyPath), job, new Date().toISOString()));
    return true;
  } catch {
    return false;
  }
}

function describe(job: CurrentJob | null): Record<string, unknown> {
  if (job === null) return { workedOn: 'what is not known' };
  const { session, download, site } = job;
  return download === null ? { lookUp: site, session } : { download, site, session };
}
