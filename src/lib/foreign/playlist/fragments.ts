/**
 * The fragments of a media playlist, as columns: 40 bytes each and their addresses as the playlist has them. As objects with
 * whole addresses, the 99,900 of a playlist of 1.7 MB took 100 MB and 100 ms of the thread that received them, because their
 * base has 1 kB. Here each is resolved when it is fetched. Pure.
 */
import { SluiceError } from '../../protocol/error.ts';
import { parseUrl } from '../../protocol/url.ts';
import { type TextColumn, textAt } from './text-column.ts';

interface FragmentKey {
  url: string;
  /** 32 hex digits; null = the fragment's media sequence number (RFC 8216, section 5.2). */
  iv: string | null;
}

export interface Fragment {
  url: string;
  /** Bytes [start, end) of the resource; null = all of it. */
  range: { start: number; end: number } | null;
  /** AES-128-CBC; null = not encrypted. */
  key: FragmentKey | null;
  /** Media sequence number. */
  sequence: number;
  /** 0 for the initialisation part of fragmented MP4. */
  durationSeconds: number;
  /** By the playlist, its times need not follow those of the fragment before; absent = they do. */
  isDiscontinuous?: boolean;
}

export interface Fragments {
  /** Number of fragments, at least 1 and at most 100,000. */
  count: number;
  /** Of all fragments. */
  totalSeconds: number;
  /**
   * Of lengths, byte ranges, and which fragments share a file or are encrypted. Addresses may hold tokens that change, so
   * they do not identify a playlist.
   */
  fingerprint: string;
  /** Of the addresses without their queries, which hold signatures. */
  addressHash: string;
  /** Address of the playlist. */
  base: string;
  /** As in the playlist; each can be resolved. */
  addresses: TextColumn;
  seconds: Float64Array;
  sequences: Float64Array;
  /** Start and end of each, NaN = all of the resource; null = no fragment has a range. */
  ranges: Float64Array | null;
  /** Each with its IV in front: `0123… address`, or ` address`. */
  keys: TextColumn;
  /** Index of each fragment's key, -1 = not encrypted; null = no fragment is. */
  keyIndices: Int32Array | null;
  /** Of each whether it is discontinuous, 1 = yes; null = none is. */
  discontinuities: Uint8Array | null;
}

/** Does what is needed for one fragment only. @param index from 0 to `count` - 1 */
export function fragmentAt(fragments: Fragments, index: number): Fragment {
  const { addresses, seconds, sequences, ranges, keyIndices } = fragments;
  const [start = NaN, end = NaN] = ranges?.subarray(2 * index, 2 * index + 2) ?? [];
  const keyIndex = keyIndices?.[index] ?? -1;
  return {
    url: resolve(fragments, textAt(addresses, index)),
    range: Number.isNaN(start) ? null : { start, end },
    key: keyIndex === -1 ? null : keyAt(fragments, keyIndex),
    sequence: sequences[index] ?? 0,
    durationSeconds: seconds[index] ?? 0,
    ...(fragments.discontinuities?.[index] === 1 ? { isDiscontinuous: true } : {}),
  };
}

/** Length of the first fragments. */
export function secondsOf({ seconds }: Fragments, count: number): number {
  return seconds.subarray(0, count).reduce((sum, each) => sum + each, 0);
}

function keyAt(fragments: Fragments, index: number): FragmentKey {
  const text = textAt(fragments.keys, index);
  const blank = text.indexOf(' ');
  return { url: resolve(fragments, text.slice(blank + 1)), iv: blank === 0 ? null : text.slice(0, blank) };
}

function resolve({ base }: Fragments, address: string): string {
  const url = parseUrl(address, new URL(base));
  // The reader has resolved it before.
  if (url === null) throw new SluiceError('invalid_manifest', 'The manifest names an address that is none.');
  return url.href;
}
