/**
 * How long a track plays, beside what its playlist says. Lists round, some name the target duration for all, and the last
 * fragment is often shorter: where the times of fragments follow each other nothing is missing, whatever the list says, and
 * a hole is where both the times and the list miss something (docs/adr/036). Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';
import type { Played } from './track-state.server.ts';

/** A stream of a fragment and when it begins and ends, in s. */
export type Span = [stream: number, begin: number, end: number];

/** When a fragment plays. */
export interface Timing {
  /** 0 = a single frame, which is shown as long as the list says, or the begin of none. */
  seconds: number;
  /** At most 8; none = unknown. */
  spans: readonly Span[];
  /** It ends within a frame. */
  isCut: boolean;
}

interface TimedFragment {
  /** By the playlist. */
  listed: number;
  /** Null = unknown, which counts as what the playlist says. */
  timing: Timing | null;
  /** The playlist says that its times need not follow those before. */
  isDiscontinuous: boolean;
}

/** In s: audio and video of one fragment do not begin and end together. */
const MISSING_SECONDS = 0.5;
/** Of fragments whose times say nothing. */
const MISSING_SHARE = 0.1;
/** Times of MPEG-TS begin anew after 26.5 hours; no stream of another kind goes back as far. */
const WRAP_SECONDS = 2 ** 33 / 90_000;

type Last = NonNullable<Played['last']>;
type Ends = Last['ends'];

/** With one more fragment. @param fragment initialisation parts, which are listed with 0 s, change nothing */
export function withFragment(played: Played | null, fragment: TimedFragment): Played | null {
  if (played === null || fragment.listed === 0) return played;
  const { listed, timing, isDiscontinuous } = fragment;
  const spans = timing?.spans ?? [];
  const settled = isDiscontinuous ? withEnd(played) : withJoint(played, fragment);
  const isAgain = !isDiscontinuous && played.last !== null && isRepeated(played.last, spans);
  return {
    ...settled,
    last: {
      listed,
      seconds: timing?.seconds ?? listed,
      isCut: timing?.isCut ?? false,
      ends: spans.map(([stream, , end]) => [stream, end]),
      resumes: isAgain ? (played.last?.ends ?? null) : null,
    },
  };
}

/**
 * A few fragments that are too short are holes. Where most of those whose times say nothing are, the playlist is wrong about each.
 * @param listedSeconds of all fragments
 * @param count of all fragments
 * @throws SluiceError `remote_contradiction`
 */
export function requirePlayed(before: Played | null, listedSeconds: number, count: number): void {
  if (before === null) return;
  const played = withEnd(before);
  const missing = listedSeconds - played.seconds;
  const isTooShort = missing > Math.max(MISSING_SECONDS, MISSING_SHARE * listedSeconds);
  const short = played.holes + (2 * played.short < count ? played.short : 0);
  if (!isTooShort && short === 0) return;
  throw new SluiceError(
    'remote_contradiction',
    short > 0
      ? `${short} of ${count} fragments of the stream are shorter than its playlist says, and something is missing there.`
      : `The stream has ${listedSeconds.toFixed(1)} s by its playlist, and ${played.seconds.toFixed(1)} s of it came.`,
  );
}

/** The last one so far is followed by another. */
function withJoint(played: Played, { listed, timing }: TimedFragment): Played {
  const { last, joined } = played;
  if (last === null) return played;
  const spans = timing?.spans ?? [];
  const lost = lostBefore(last.ends, spans);
  if (last.seconds === 0 || lost === null || lost < -MISSING_SECONDS) return aloneIn(played, last);
  if (lost <= MISSING_SECONDS) {
    const missing = joined.missing + Math.max(0, last.listed - last.seconds);
    return { ...counting(played, last.listed), joined: { count: joined.count + 1, missing } };
  }
  // In place of what is skipped now, the fragment before it came a second time.
  const isSkipped = last.resumes !== null && (lostBefore(last.resumes, spans) ?? 0) > MISSING_SECONDS;
  if (lost > last.listed + listed + MISSING_SECONDS && !isSkipped) return aloneIn(played, last);
  const missing = missingOf(played, last) + missingOf(played, { listed, seconds: timing?.seconds ?? listed });
  // else the server has no more than this, and its list says so
  return isSkipped || missing > MISSING_SECONDS
    ? { ...counting(played, last.seconds), holes: played.holes + 1 }
    : counting(played, last.listed);
}

/** Nothing follows the last one: it may be shorter, but is whole. */
function withEnd(played: Played): Played {
  const { last } = played;
  if (last === null) return played;
  const isShort = last.isCut && missingOf(played, last) > MISSING_SECONDS;
  return isShort ? withShort(played, last) : counting(played, last.listed);
}

/** The times of the next one say nothing about it. */
function aloneIn(played: Played, last: Last): Played {
  const { listed, seconds } = last;
  const isShort = seconds < listed / 2 && listed - seconds > MISSING_SECONDS;
  return isShort ? withShort(played, last) : counting(played, seconds || listed);
}

function withShort(played: Played, { listed, seconds }: Last): Played {
  // of a slide show a single frame lasts as long as the playlist says
  return { ...counting(played, seconds || listed), short: played.short + 1 };
}

function counting(played: Played, seconds: number): Played {
  return { ...played, seconds: played.seconds + seconds, last: null };
}

/** More than of fragments on average that miss nothing. */
function missingOf({ joined }: Played, { listed, seconds }: Pick<Last, 'listed' | 'seconds'>): number {
  const usual = joined.count === 0 ? 0 : Math.max(0, joined.missing / joined.count);
  return Math.max(0, listed - seconds - usual);
}

/** It begins where the one before it began, and not where that ended. */
function isRepeated({ ends, seconds }: Last, spans: readonly Span[]): boolean {
  const lost = lostBefore(ends, spans) ?? 0;
  return lost < -MISSING_SECONDS && Math.abs(lost + seconds) < MISSING_SECONDS / 2;
}

/**
 * Seconds from an end to the next begin; negative = it begins before. Null = unknown. Of several streams the one that misses
 * least counts: pictures may stand still while the sound goes on.
 */
function lostBefore(ends: Ends, spans: readonly Span[]): number | null {
  const lost = ends.flatMap(([stream, end]) => {
    const next = spans.find(([other]) => other === stream);
    if (next === undefined) return [];
    const seconds = next[1] - end;
    return [seconds < -WRAP_SECONDS / 2 ? seconds + WRAP_SECONDS : seconds];
  });
  const least = lost.sort((a, b) => Math.abs(a) - Math.abs(b))[0] ?? null;
  const isJoined = least === null || Math.abs(least) <= MISSING_SECONDS;
  return isJoined ? least : (lost.find((seconds) => seconds > 0) ?? least);
}
