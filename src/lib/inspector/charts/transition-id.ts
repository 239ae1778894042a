/**
 * The id of a transition: the same for the chart, from the machine's definition, and at run time, from `_transitions` of
 * XState's microsteps, which are the same objects.
 */

/** The part of XState's TransitionDefinition that is used here; `_transitions` is not typed. */
export interface TransitionDefinition {
  source: StateDefinition;
  /** `''` for an eventless transition; null for entering an initial state, which is not drawn as a transition. */
  eventType: string | null;
}

interface StateDefinition {
  id: string;
  transitions: Map<string, readonly unknown[]>;
  always?: readonly unknown[] | undefined;
}

/** `download.queued:phase:1`: the state, the event, the index among its candidates; null for entering an initial state. */
export function transitionId(edge: TransitionDefinition): string | null {
  const { source, eventType } = edge;
  if (eventType === null) return null;
  const candidates = eventType === '' ? source.always : source.transitions.get(eventType);
  const index = candidates?.indexOf(edge) ?? -1;
  return index === -1 ? null : `${source.id}:${eventType}:${index}`;
}
