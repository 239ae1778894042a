/** Observations as messages between actors: the rows of a sequence diagram. */
import type { Observation, EntityId } from '../../../protocol/inspection.ts';

export const LANES = ['client', 'session', 'download', 'runner', 'engine', 'store', 'clock'] as const;
export type Lane = (typeof LANES)[number];

export interface Step {
  n: number;
  at: number;
  from: Lane;
  /** The same as `from`: it happened there. */
  to: Lane;
  text: string;
}

/** Newest first are the ones to keep: a drawing of more is not looked at. */
export const MAX_STEPS = 80;

/** The last steps of a log. */
export function stepsOf(seen: readonly Observation[]): Step[] {
  const steps: Step[] = [];
  for (let index = seen.length - 1; index >= 0 && steps.length < MAX_STEPS; index--) {
    const step = stepOf(seen[index]!);
    if (step !== null) steps.push(step);
  }
  return steps.reverse();
}

/** Turns whose message is an observation of its own: a frame, news of the runner, an alarm. */
const TOLD_TWICE: ReadonlySet<string> = new Set(['message', 'runnerEvents', 'alarm']);

/** Null for what is told by another observation already, or has no place between actors. */
function stepOf(seen: Observation): Step | null {
  const about = laneOf(seen.about);
  const step = (from: Lane, to: Lane, text: string): Step => ({ n: seen.n, at: seen.at, from, to, text });
  switch (seen.kind) {
    case 'event': {
      const from = seen.from === null ? null : laneOf(seen.from);
      return about === null ? null : step(from ?? about, about, wordOf(seen.event));
    }
    case 'transition':
      // One that changed nothing is told by its event.
      return about === null || seen.took.length === 0 ? null : step(about, about, `→ ${seen.value}`);
    case 'turn': {
      if (TOLD_TWICE.has(seen.event)) return null;
      const from = seen.from === null ? null : laneOf(seen.from);
      return about === null ? null : step(from ?? about, about, seen.event);
    }
    case 'command':
      return step('session', 'runner', seen.command);
    case 'news':
      return step('runner', 'session', seen.phase === null ? seen.news : `${seen.news} ${seen.phase}`);
    case 'process':
      if (seen.what === 'start') return step('runner', 'engine', `start ${seen.pid}`);
      return step('engine', 'runner', `exit ${seen.exitCode ?? seen.signal ?? '?'}`);
    case 'output':
      return step('engine', 'runner', `${seen.bytes} B`);
    case 'commit':
      return step('session', 'store', `commit ${seen.outcome}`);
    case 'alarm':
      return step('clock', 'session', `alarm ${seen.what}`);
    case 'socket':
      return step('client', 'session', `socket ${seen.what}`);
    case 'frame':
      return seen.direction === 'in'
        ? step('client', 'session', seen.summary)
        : step('session', 'client', seen.summary);
    case 'life':
      return about === null ? null : step(about, about, seen.what);
    case 'action':
      return about === null ? null : step(about, about, seen.action);
    case 'spawn':
      return about === 'download' ? step('session', 'download', 'spawn') : null;
    case 'stop':
      return about === 'download' ? step('download', 'session', `stop ${seen.reason}`) : null;
  }
}

/** Null: the host, which everything runs in. */
export function laneOf(party: EntityId): Lane | null {
  const [kind] = party.split(':');
  return LANES.find((lane) => lane === kind) ?? null;
}

/** `xstate.after.throttle.session.window` → `after throttle`: XState's own events carry their whole address. */
export function wordOf(event: string): string {
  const after = /^xstate\.after\.([^.]+)/.exec(event)?.[1];
  if (after !== undefined) return `after ${after}`;
  const child = /^xstate\.(done|error)\.actor\./.exec(event)?.[1];
  if (child !== undefined) return child === 'done' ? 'child done' : 'child crashed';
  return event.replace(/^xstate\./, '');
}
