/** What one person may use: set by an operator, kept with the person, and carried to each of their lists. */
import * as v from 'valibot';
import { parseJson, validate } from './commands.ts';
import type { OwnerLimits } from './runner.ts';

const Limit = (max: number) => v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max)));

/** null = as much as anybody. */
const Limits = v.strictObject({
  /** On the disk, finished or not, over all their lists. */
  bytes: Limit(Number.MAX_SAFE_INTEGER),
  /** Downloads at a time, over all their lists. */
  slots: Limit(10_000),
  /** New downloads. So many at once, and as many again over a day. */
  addsPerDay: Limit(1_000_000),
});
export type PersonLimits = v.InferOutput<typeof Limits>;

export const NO_LIMITS: PersonLimits = { bytes: null, slots: null, addsPerDay: null };

/** @throws SluiceError `invalid_json`, `invalid_request` */
export function readLimits(body: string): PersonLimits {
  return checkLimits(parseJson(body));
}

/** @throws SluiceError `invalid_request` */
export function checkLimits(limits: unknown): PersonLimits {
  return validate(Limits, limits);
}

/** What somebody uses now, over all their lists. */
export interface PersonUse {
  id: string;
  /** On the disk; null = it cannot be counted now. */
  bytes: number | null;
  /** Downloads under way. */
  running: number;
  /** Taken of what they may add in a day; null = without a limit that is not counted. */
  adds: number | null;
}

/** Response of `GET /api/people/use`. */
export interface PeopleUse {
  people: PersonUse[];
}

/** Whose a list is, as the list itself keeps it. */
export interface ListOwner {
  person: string;
  limits: PersonLimits;
}

/** The owner of what a person's lists use: see `quota/`. No HMAC of an address has a colon. */
export function ownerOfPerson(person: string): string {
  return `person:${person}`;
}

/** As a runner gets them. */
export function runnerLimits({ bytes, slots }: PersonLimits): OwnerLimits {
  return { ...(bytes === null ? {} : { bytes }), ...(slots === null ? {} : { slots }) };
}
