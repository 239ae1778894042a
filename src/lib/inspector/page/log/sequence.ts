/** Turns observations into the rows of a sequence diagram: messages between actors. */
import type { Observation, EntityId } from '../../../protocol/inspection.ts';

export const LANES = ['client', 'session', 'download', 'runner', 'engine', 'store', 'clock'] as const;
export type Lane = (typeof LANES)[number];

interface Step {
  n: number;
  at: number;
  from: Lane;
  /** The same as `from` for something that happened within that lane. */
  to: Lane;
  text: string;
}

/** A longer diagram is not readable. */
export const MAX_STEPS = 80;

/** The last steps of a log, at most `MAX_STEPS`. */
export function stepsOf(observations: readonly Observation[]): Step[] {
  const steps: Step[] = [];
  for (let index = observations.length - 1; index >= 0 && steps.length < MAX_STEPS; index--) {
    const step = stepOf(observations[index]!);
    if (step !== null) steps.push(step);
  }
  return steps.reverse();
}

/** Turns whose message is drawn from another observation: a frame, news of the runner, an alarm. */
const DRAWN_BY_OTHER_KINDS: ReadonlySet<string> = new Set(['message', 'runnerEvents', 'alarm']);

/** null for an observation that is drawn from another one already, or is no message between actors. */
function stepOf(entry: Observation): Step | null {
  const { n, at } = entry;
  const about = laneOf(entry.about);
  const step = (from: Lane, to: Lane, text: string): Step => ({ n, at, from, to, text });
  switch (entry.kind) {
    case 'event': {
      const from = entry.from === null ? null : laneOf(entry.from);
      return about === null ? null : step(from ?? about, about, eventLabel(entry.event));
    }
    case 'transition':
      // Its event is drawn already; only a taken transition adds something.
      return about === null || entry.took.length === 0 ? null : step(about, about, `→ ${entry.value}`);
    case 'turn': {
      if (DRAWN_BY_OTHER_KINDS.has(entry.event)) return null;
      const from = entry.from === null ? null : laneOf(entry.from);
      return about === null ? null : step(from ?? about, about, entry.event);
    }
    case 'command':
      return step('session', 'runner', entry.command);
    case 'news':
      return step('runner', 'session', entry.phase === null ? entry.news : `${entry.news} ${entry.phase}`);
    case 'process':
      if (entry.what === 'start') return step('runner', 'engine', `start ${entry.pid}`);
      return step('engine', 'runner', `exit ${entry.exitCode ?? entry.signal ?? '?'}`);
    case 'output':
      return step('engine', 'runner', `${entry.bytes} B`);
    case 'commit':
      return step('session', 'store', `commit ${entry.outcome}`);
    case 'alarm':
      return step('clock', 'session', `alarm ${entry.what}`);
    case 'socket':
      return step('client', 'session', `socket ${entry.what}`);
    case 'frame':
      return entry.direction === 'in'
        ? step('client', 'session', entry.summary)
        : step('session', 'client', entry.summary);
    case 'life':
      return about === null ? null : step(about, about, entry.what);
    case 'action':
      return about === null ? null : step(about, about, entry.action);
    case 'spawn':
      return about === 'download' ? step('session', 'download', 'spawn') : null;
    case 'stop':
      return about === 'download' ? step('download', 'session', `stop ${entry.reason}`) : null;
  }
}

/** null for the host, which has no lane. */
function laneOf(id: EntityId): Lane | null {
  const [kind] = id.split(':');
  return LANES.find((lane) => lane === kind) ?? null;
}

/** `xstate.after.throttle.session.window` → `after throttle`: shortens the long names of XState's own events. */
export function eventLabel(event: string): string {
  const after = /^xstate\.after\.([^.]+)/.exec(event)?.[1];
  if (after !== undefined) return `after ${after}`;
  const child = /^xstate\.(done|error)\.actor\./.exec(event)?.[1];
  if (child !== undefined) return child === 'done' ? 'child done' : 'child crashed';
  return event.replace(/^xstate\./, '');
}
