/** Runs one plan from the first start to the last look. The same plan gives the same trace, byte by byte. */
import { Client } from './client.ts';
import { Faults } from './faults.ts';
import { Machine } from './machine.ts';
import { Oracle } from './oracle.ts';
import { endOf, type Plan } from './plan/plan.ts';
import type { MachineParts } from './machine.ts';
import { Trace } from './world/trace.ts';

export interface SimulationResult {
  seed: number;
  /** What was broken, in order; empty = nothing. */
  violations: string[];
  /** Of all that happened. */
  hash: string;
  /** The last lines of the trace, if any were wanted. */
  lines: readonly string[];
  events: number;
  /** ms of the world. */
  tookMs: number;
  faults: ReadonlyMap<string, number>;
  downloads: { complete: number; error: number; other: number };
}

/** Past all faults everything has to be over by then: a host that was away is probed each 5 minutes. */
const PATIENCE_MS = 1_200_000;
const CLICKS = 6;
/** A process that does so much without the clock moving on hangs. */
const MAX_EVENTS = 3_000_000;
const AFTER_MS = 12_000;

export function simulate(
  plan: Plan,
  startProcess: MachineParts['startProcess'],
  { keptLines = 0 } = {},
): SimulationResult {
  const trace = new Trace(keptLines);
  const broken: string[] = [];
  const machine = new Machine({ plan, trace, startProcess, onBroken: (what) => broken.push(what) });
  const client = new Client(machine, plan);
  const oracle = new Oracle(machine, client, plan);
  const faults = new Faults(machine, plan.faults);
  machine.onCall = faults.onCall;
  machine.onStarted = () => client.askAgain();
  machine.onCommit = (when, written) => {
    if (when === 'before' && faults.takeFailingCommit()) {
      throw machine.storeError();
    }
    faults.onCall(when, 'commit', '');
    if (when === 'after') oracle.committed(written);
  };
  const rejections = (error: unknown): void => void broken.push(`unhandled: ${String(error)}`);
  process.on('unhandledRejection', rejections);
  try {
    run(plan, machine, oracle, client, faults);
  } catch (error) {
    broken.push(`the simulation broke: ${(error as Error).stack ?? String(error)}`);
  } finally {
    machine.life.isAlive = false;
    process.off('unhandledRejection', rejections);
  }
  const rows = client.added.map((added) => oracle.rowOf(added)?.state);
  const count = (state: string): number => rows.filter((each) => each === state).length;
  const [complete, error] = [count('complete'), count('error')];
  return {
    seed: plan.seed,
    violations: [...oracle.violations, ...broken],
    hash: trace.hash,
    lines: trace.lines,
    events: machine.scheduler.events,
    tookMs: machine.scheduler.now,
    faults: faults.counts,
    downloads: { complete, error, other: rows.length - complete - error },
  };
}

function run(plan: Plan, machine: Machine, oracle: Oracle, client: Client, faults: Faults): void {
  const { scheduler } = machine;
  const until = (end: number): void => {
    while (scheduler.step(end)) if (scheduler.events > MAX_EVENTS) throw new Error('too many events');
  };
  /** @returns whether all came to rest */
  const untilQuiet = (patienceMs: number): boolean => {
    const end = scheduler.now + patienceMs;
    while (!oracle.isQuiet) {
      if (scheduler.now >= end) return false;
      until(scheduler.now + 500);
    }
    return true;
  };
  machine.boot();
  until(endOf(plan) + 1);
  faults.end();
  if (oracle.violations.length > 0) return;
  if (!untilQuiet(PATIENCE_MS)) oracle.fail('not over long after the last fault');
  oracle.lookAtErrors();
  oracle.lookAtTraffic();
  for (let clicks = 0; clicks < CLICKS; clicks++) {
    const helped = oracle.helpable();
    if (helped.length === 0) break;
    for (const [added, action] of helped) client.press(action, added);
    if (!untilQuiet(PATIENCE_MS)) oracle.fail('not over long after a click');
  }
  oracle.lookAtErrors();
  oracle.lookAtHelped();
  oracle.look('when all was quiet');
  until(scheduler.now + AFTER_MS);
  machine.stop(10);
  until(scheduler.now + AFTER_MS);
  oracle.lookAtEnd();
  machine.cut(10);
  until(scheduler.now + AFTER_MS);
  oracle.look('after a last power cut');
}
