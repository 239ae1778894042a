/** The past states of a download or session, which time travel steps through. */
import type { Explanation, Json, Observation, EntityId } from '../../../protocol/inspection.ts';

export type JsonObject = { [key: string]: Json };

export interface Moment {
  /** Number of the observation; null = known from the stored history only. */
  n: number | null;
  /** ms since 1970. */
  at: number;
  /** A dot path of states. */
  value: string;
  /** The event; `''` where only the resulting state is stored. */
  event: string;
  cause: string | null;
  took: string[];
  /** null for moments of the stored history. */
  context: JsonObject | null;
}

type Transition = Extract<Observation, { kind: 'transition' }>;

/** Kept for one actor: 13 minutes at 5 a second. Changes of state before that are in the stored history. */
export const MAX_MOMENTS = 4_000;

export function isTransitionOf(actor: EntityId | null): (seen: Observation) => seen is Transition {
  return (seen): seen is Transition => seen.kind === 'transition' && seen.about === actor;
}

/** Appends a moment for each transition, and drops the oldest past the limit. */
export function appendTransitions(moments: readonly Moment[], transitions: readonly Transition[]): Moment[] {
  let context = moments.at(-1)?.context ?? {};
  const next = transitions.map(({ n, at, value, event, cause, took, changed }): Moment => {
    context = applyChanges(context, changed);
    return { n, at, value, event, cause, took, context };
  });
  return [...moments, ...next].slice(-MAX_MOMENTS);
}

/** The stored history before the first observation. It has only top-level states: `download` for `download.throttle`. */
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
function applyChanges(context: JsonObject, changed: JsonObject): JsonObject {
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
