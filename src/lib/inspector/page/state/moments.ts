/** A download's or session's past, moment by moment: what time travel steps through. */
import type { Explanation, Json, Observation, EntityId } from '../../../protocol/inspection.ts';

export type JsonObject = { [key: string]: Json };

export interface Moment {
  /** Of the observation; null = only the stored history tells of it. */
  n: number | null;
  /** ms since 1970. */
  at: number;
  /** A dot path of states. */
  value: string;
  /** What the machine took; `''` where only the outcome is stored. */
  event: string;
  cause: string | null;
  took: string[];
  /** Null where nobody inspected. */
  context: JsonObject | null;
}

type Transition = Extract<Observation, { kind: 'transition' }>;

/** Kept of one actor: at five a second some 13 minutes, and every change of state is stored beside. */
export const MAX_MOMENTS = 4_000;

export function isTransitionOf(actor: EntityId | null): (seen: Observation) => seen is Transition {
  return (seen): seen is Transition => seen.kind === 'transition' && seen.about === actor;
}

/** The moments so far with those that came; the oldest are let go. */
export function withTransitions(moments: readonly Moment[], seen: readonly Transition[]): Moment[] {
  let context = moments.at(-1)?.context ?? {};
  const next = seen.map(({ n, at, value, event, cause, took, changed }): Moment => {
    context = patched(context, changed);
    return { n, at, value, event, cause, took, context };
  });
  return [...moments, ...next].slice(-MAX_MOMENTS);
}

/** The stored history before what was observed. It holds states only, so `download.throttle` is in it as `download`. */
export function storedMoments(
  explanation: Pick<Explanation, 'transitions'> | null,
  before: number | undefined,
): Moment[] {
  const stored = explanation?.transitions ?? [];
  return stored
    .filter(({ at }) => before === undefined || at < before)
    .map(({ at, state, cause }) => ({
      n: null,
      at,
      value: state,
      event: '',
      cause,
      took: [],
      context: null,
    }));
}

/** @param changed new values by dot path, one or two keys deep */
function patched(context: JsonObject, changed: JsonObject): JsonObject {
  const next = { ...context };
  for (const [path, value] of Object.entries(changed)) {
    const dot = path.indexOf('.');
    if (dot === -1) next[path] = value;
    else {
      const outer = path.slice(0, dot);
      next[outer] = { ...objectOf(next[outer]), [path.slice(dot + 1)]: value };
    }
  }
  return next;
}

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
