/** An operator looks into another's list: on purpose, for an hour, and seen by that person. */
export const VISIT_MS = 60 * 60_000;

/** Who ended one: the hour, the operator, or somebody who has the list. */
export const VISIT_ENDS = ['time', 'operator', 'owner'] as const;
export type VisitEnd = (typeof VISIT_ENDS)[number];

/** As a list keeps it. Times are epoch ms. */
export interface Visit {
  /** Of the operator. */
  person: string;
  /** As it was then. */
  name: string;
  from: number;
  until: number;
  /** null = it is active, unless its hour is over. */
  ended: { at: number; by: VisitEnd } | null;
}

/** @param now epoch ms */
export function isActiveVisit({ ended, until }: Visit, now: number): boolean {
  return ended === null && until > now;
}

export type VisitChange =
  /** An active one of the same operator is left as it is: nobody makes it longer by asking again. */
  | { type: 'begin'; person: string; name: string }
  /** @param person null = of all */
  | { type: 'end'; person: string | null; by: VisitEnd };

/** What the page of the list shows while one is active. */
export interface ShownVisit {
  name: string;
  /** ISO 8601, UTC. */
  until: string;
}

/** Of `GET /api/account/visits`. */
export interface VisitView extends ShownVisit {
  /** Name of the list; '' = the first. */
  list: string;
  from: string;
  ended: { at: string; by: VisitEnd } | null;
}

export interface VisitList {
  visits: VisitView[];
}

/** Response of `POST /api/people/ID/visit`. */
export interface BegunVisit {
  /** The first to end. */
  until: string;
  lists: { id: string; name: string }[];
}
