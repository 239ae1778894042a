/**
 * The name of a transition: the same when it is read from a machine's definition for the chart and when it is seen at
 * run time in the `_transitions` of XState's microsteps, which are the very objects of the definition.
 */

/** What is used of XState's TransitionDefinition; `_transitions` has no better type than this. */
export interface TransitionDefinition {
  source: StateDefinition;
  /** `''` for an eventless one; null for the way into an initial state, which is no transition of the chart. */
  eventType: string | null;
}

interface StateDefinition {
  id: string;
  transitions: Map<string, readonly unknown[]>;
  always?: readonly unknown[] | undefined;
}

/** `download.queued:phase:1`: the state, the event, and which of the state's candidates for it; null for an initial step. */
export function transitionId(edge: TransitionDefinition): string | null {
  const { source, eventType } = edge;
  if (eventType === null) return null;
  const candidates = eventType === '' ? source.always : source.transitions.get(eventType);
  const index = candidates?.indexOf(edge) ?? -1;
  return index === -1 ? null : `${source.id}:${eventType}:${index}`;
}
