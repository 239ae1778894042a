/** HLS playlists (RFC 8216) as plain data: what there is to choose, or what there is to fetch. Pure. */
import { type ByteRange, type Key, type Manifest, Parser } from 'm3u8-parser';
import { SluiceError } from '../../../protocol/error.ts';
import { readVariants, type Variant } from './variants.ts';

export interface FragmentKey {
  url: string;
  /** 16 bytes. */
  iv: Uint8Array;
}

export interface Fragment {
  url: string;
  /** Bytes [start, end) of the resource; null = all of it. */
  range: { start: number; end: number } | null;
  /** AES-128-CBC; null = in the clear. */
  key: FragmentKey | null;
  /** 0 for the initialisation part of fragmented MP4. */
  durationSeconds: number;
}

export type Playlist =
  | { kind: 'master'; variants: Variant[] }
  | { kind: 'media'; fragments: Fragment[]; live: boolean; fragmentedMp4: boolean };

/**
 * @param url the address it came from, after redirects
 * @throws SluiceError `invalid_manifest`, `encrypted` (anything but AES-128 with a plain key)
 */
export function parsePlaylist(text: string, url: URL): Playlist {
  const manifest = read(text);
  if (manifest.playlists && manifest.playlists.length > 0) {
    const variants = readVariants(manifest, url);
    if (variants.length === 0) throw new SluiceError('invalid_manifest', 'The manifest offers nothing.');
    return { kind: 'master', variants };
  }
  if (Object.keys(manifest.contentProtection ?? {}).length > 0) throw new SluiceError('encrypted');
  const fragments = readFragments(manifest, url);
  if (fragments.length === 0) throw new SluiceError('invalid_manifest', 'The manifest has no fragments.');
  return {
    kind: 'media',
    fragments,
    live: manifest.endList !== true,
    fragmentedMp4: (manifest.segments ?? []).some(({ map }) => map?.uri !== undefined),
  };
}

function read(text: string): Manifest {
  if (!/^\ufeff?\s*#EXTM3U/.test(text)) throw new SluiceError('invalid_manifest');
  try {
    const parser = new Parser();
    parser.push(text.endsWith('\n') ? text : `${text}\n`);
    parser.end();
    return parser.manifest;
  } catch (thrown) {
    // it is tolerant, but not of every malformed attribute
    throw new SluiceError('invalid_manifest', undefined, { cause: thrown });
  }
}

function readFragments(manifest: Manifest, base: URL): Fragment[] {
  const fragments: Fragment[] = [];
  const first = manifest.mediaSequence ?? 0;
  let lastMap = '';
  for (const [index, segment] of (manifest.segments ?? []).entries()) {
    const sequence = first + index;
    if (segment.uri === undefined) continue;
    const map = segment.map;
    if (map?.uri !== undefined) {
      const identity = JSON.stringify([map.uri, map.byterange]);
      if (identity !== lastMap) {
        lastMap = identity;
        fragments.push({
          url: resolve(map.uri, base),
          range: rangeOf(map.byterange),
          key: keyOf(map.key, sequence, base),
          durationSeconds: 0,
        });
      }
    }
    fragments.push({
      url: resolve(segment.uri, base),
      range: rangeOf(segment.byterange),
      key: keyOf(segment.key, sequence, base),
      durationSeconds: Math.max(0, segment.duration ?? 0) || 0,
    });
  }
  return fragments;
}

function resolve(uri: string, base: URL): string {
  const url = URL.parse(uri, base);
  if (url === null) throw new SluiceError('invalid_manifest', 'The manifest names an address that is none.');
  return url.href;
}

function rangeOf(range: ByteRange | undefined): Fragment['range'] {
  if (!range) return null;
  const { length, offset } = range;
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(offset) || length <= 0 || offset < 0) {
    throw new SluiceError('invalid_manifest', 'The manifest has a byte range that is none.');
  }
  return { start: offset, end: offset + length };
}

function keyOf(key: Key | undefined, sequence: number, base: URL): FragmentKey | null {
  if (!key || key.method === 'NONE') return null;
  if (key.method !== 'AES-128' || key.uri === undefined) throw new SluiceError('encrypted');
  const iv = new DataView(new ArrayBuffer(16));
  if (key.iv?.length === 4) for (const [i, word] of key.iv.entries()) iv.setUint32(i * 4, word);
  // without one it is the media sequence number (RFC 8216, section 5.2)
  else iv.setBigUint64(8, BigInt(sequence));
  return { url: resolve(key.uri, base), iv: new Uint8Array(iv.buffer) };
}
