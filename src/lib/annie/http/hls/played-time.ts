/** How long a track plays, beside what its playlist says: a contradiction is a hole. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import type { Played } from './track-state.server.ts';

/** Playlists round each fragment to a second, and some say the longest for all. */
const MISSING_SHARE = 0.1;
/** Of short tracks. */
const MISSING_SECONDS = 0.5;

/**
 * With one more fragment.
 * @param seconds that it plays, 0 = a single frame; null = unknown, which counts as what the playlist says
 */
export function withFragment(
  played: Played | null,
  listed: number,
  seconds: number | null,
  isLast: boolean,
): Played | null {
  if (played === null) return null;
  const isShort = !isLast && seconds !== null && seconds < listed / 2 && listed - seconds > MISSING_SECONDS;
  // of a slide show a single frame lasts as long as the playlist says
  return { seconds: played.seconds + (seconds || listed), short: played.short + (isShort ? 1 : 0) };
}

/**
 * A few fragments that are too short are holes. Where most are, the playlist is wrong about each.
 * @param listedSeconds of all fragments
 * @param count of all fragments
 * @throws SluiceError `remote_contradiction`
 */
export function requirePlayed(played: Played | null, listedSeconds: number, count: number): void {
  if (played === null) return;
  const missing = listedSeconds - played.seconds;
  const isTooShort = missing > Math.max(MISSING_SECONDS, MISSING_SHARE * listedSeconds);
  const hasHoles = played.short > 0 && 2 * played.short < count;
  if (!isTooShort && !hasHoles) return;
  throw new SluiceError(
    'remote_contradiction',
    hasHoles
      ? `${played.short} of ${count} fragments of the stream are much shorter than its playlist says.`
      : `The stream has ${listedSeconds.toFixed(1)} s by its playlist, and ${played.seconds.toFixed(1)} s of it came.`,
  );
}
