/**
 * What a fragment is, by its bytes: servers send login pages, error texts and pictures with a 200, and some hosts put a small
 * picture in front of MPEG-TS. Pure.
 */
import { isMediaStart, otherThanMedia } from './media-start.ts';

/** Bytes of a fragment that are examined: a picture in front of MPEG-TS has some hundreds, rarely some thousands. */
export const EXAMINED_BYTES = 256 * 1024;
export const TS_PACKET_BYTES = 188;
const SYNC = 0x47;
/** What is not at the start counts as MPEG-TS with this many packets in a row, or with three that end the fragment. */
const SURE_PACKETS = 5;
const MIN_PACKETS = 3;

export type FragmentKind =
  /** `skip`: bytes before the media. */
  | { kind: 'media'; container: 'mpegts' | 'other'; skip: number }
  /** Binary, of no known kind. */
  | { kind: 'unknown' }
  | { kind: 'refused'; what: string };

/**
 * @param start the first `EXAMINED_BYTES`, or all of a shorter fragment
 * @param totalBytes of the fragment
 */
export function kindOf(start: Uint8Array, totalBytes: number): FragmentKind {
  if (totalBytes === 0) return { kind: 'refused', what: 'empty' };
  const isWhole = totalBytes <= start.length;
  if (hasPackets(start, 0, isWhole)) return { kind: 'media', container: 'mpegts', skip: 0 };
  // Times of packed audio, which some servers put in front of MPEG-TS, too.
  const isTagged = Buffer.from(start.subarray(0, 3)).toString('latin1') === 'ID3';
  const skipped = isTagged ? syncIn(start, isWhole) : null;
  if (skipped !== null) return { kind: 'media', container: 'mpegts', skip: skipped };
  if (isMediaStart(start) || hasTimedPackets(start)) return { kind: 'media', container: 'other', skip: 0 };
  const skip = syncIn(start, isWhole);
  if (skip !== null) return { kind: 'media', container: 'mpegts', skip };
  const what = otherThanMedia(start);
  return what === null ? { kind: 'unknown' } : { kind: 'refused', what };
}

/**
 * Position of the first of several packets in a row; null = there are none. Packets that go on to the end of what is examined
 * count more than others: a picture may hold the sync byte anywhere.
 */
function syncIn(start: Uint8Array, isWhole: boolean): number | null {
  let first: number | null = null;
  for (let residue = 0; residue < TS_PACKET_BYTES; residue++) {
    let at = start.length - 1 - residue;
    let packets = 0;
    for (; at >= 0 && isPacket(start, at); at -= TS_PACKET_BYTES) packets++;
    const isRun = packets >= SURE_PACKETS || (packets >= MIN_PACKETS && isWhole);
    if (isRun) first = Math.min(first ?? Infinity, at + TS_PACKET_BYTES);
  }
  if (first !== null) return first;
  for (let at = start.indexOf(SYNC); at !== -1; at = start.indexOf(SYNC, at + 1)) {
    if (hasPackets(start, at, isWhole)) return at;
  }
  return null;
}

function hasPackets(start: Uint8Array, from: number, isWhole: boolean): boolean {
  let packets = 0;
  for (let at = from; at < start.length && packets < SURE_PACKETS; at += TS_PACKET_BYTES) {
    if (!isPacket(start, at)) return false;
    packets++;
  }
  if (packets === SURE_PACKETS) return true;
  if (from === 0) return isWhole && (packets > 1 || start.length === TS_PACKET_BYTES);
  return packets >= MIN_PACKETS && isWhole;
}

/** A packet's adaptation field control has no 0 (ISO/IEC 13818-1, section 2.4.3.3), which distinguishes it from the letter G. */
function isPacket(start: Uint8Array, at: number): boolean {
  return start[at] === SYNC && (at + 3 >= start.length || ((start[at + 3] ?? 0) & 0x30) !== 0);
}

/** Blu-ray has a time of 4 bytes before each packet. */
function hasTimedPackets(start: Uint8Array): boolean {
  return [0, 1, 2].every((packet) => isPacket(start, 4 + packet * (4 + TS_PACKET_BYTES)));
}
