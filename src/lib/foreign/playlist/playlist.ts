/** HLS playlists (RFC 8216) as plain data: what there is to choose, or what there is to fetch. Pure. */
import { SluiceError } from '../../protocol/error.ts';
import { AddressResolver } from '../address-resolver.ts';
import { MAX_FRAGMENTS } from '../limits.ts';
import { decodeText } from '../text.ts';
import type { AttributeList } from './attributes.ts';
import {
  byteRange,
  type ByteRange,
  type InitialisationPart,
  type Manifest,
  readManifest,
  tooMany,
} from './manifest.ts';
import { readVariants, type Variant } from './variants.ts';

export interface FragmentKey {
  url: string;
  /** 32 hex digits; null = the fragment's media sequence number (RFC 8216, section 5.2). */
  iv: string | null;
}

export interface Fragment {
  url: string;
  /** Bytes [start, end) of the resource; null = all of it. */
  range: { start: number; end: number } | null;
  /** AES-128-CBC; null = in the clear. One object for all fragments under it. */
  key: FragmentKey | null;
  /** Media sequence number. */
  sequence: number;
  /** 0 for the initialisation part of fragmented MP4. */
  durationSeconds: number;
}

export type Playlist =
  | { kind: 'master'; variants: Variant[] }
  | { kind: 'media'; fragments: Fragment[]; live: boolean; fragmentedMp4: boolean };

export interface PlaylistInput {
  /** UTF-8, as it came. */
  chunks: readonly Uint8Array[];
  /** The address it came from, after redirects. */
  url: string;
}

/**
 * @throws SluiceError `invalid_manifest`, `encrypted` (anything but AES-128 with a plain key), `too_complex` (over 100,000
 * fragments, or addresses that are too long altogether)
 */
export function readPlaylist({ chunks, url }: PlaylistInput): Playlist {
  return parsePlaylist(decodeText(chunks), new URL(url));
}

/** As `readPlaylist`. */
export function parsePlaylist(text: string, url: URL): Playlist {
  if (!/^\ufeff?\s*#EXTM3U/.test(text)) throw new SluiceError('invalid_manifest');
  const manifest = readManifest(text);
  const base = new AddressResolver(url);
  if (manifest.isMaster && manifest.addresses.length > 0) {
    const variants = readVariants(manifest, base);
    if (variants.length === 0) throw new SluiceError('invalid_manifest', 'The manifest offers nothing.');
    return { kind: 'master', variants };
  }
  if (manifest.isProtected) throw new SluiceError('encrypted');
  const fragments = manifest.isMedia ? new FragmentReader(base).read(manifest) : [];
  if (fragments.length === 0) throw new SluiceError('invalid_manifest', 'The manifest has no fragments.');
  return {
    kind: 'media',
    fragments,
    live: !manifest.hasEnd,
    fragmentedMp4: manifest.addresses.some(({ map }) => map?.attributes.has('URI') ?? false),
  };
}

class FragmentReader {
  readonly #base: AddressResolver;
  readonly #keys = new Map<AttributeList, FragmentKey>();

  constructor(base: AddressResolver) {
    this.#base = base;
  }

  read({ addresses, mediaSequence }: Manifest): Fragment[] {
    const fragments: Fragment[] = [];
    let last: InitialisationPart | null = null;
    for (const [index, { uri, range, key, map, durationSeconds }] of addresses.entries()) {
      const sequence = mediaSequence + index;
      const mapUri = map?.attributes.get('URI');
      if (map !== null && mapUri !== undefined && map !== last) {
        // Some name it again before each fragment.
        if (last === null || !isSame(map, last)) {
          const bytes = map.attributes.get('BYTERANGE');
          const mapRange = bytes === undefined ? null : rangeOf(byteRange(bytes));
          fragments.push({ ...this.#fragment(mapUri, mapRange, map.key, sequence), durationSeconds: 0 });
        }
        last = map;
      }
      fragments.push({ ...this.#fragment(uri, rangeOf(range), key, sequence), durationSeconds });
      if (fragments.length > MAX_FRAGMENTS) throw tooMany();
    }
    return fragments;
  }

  #fragment(
    uri: string,
    range: Fragment['range'],
    key: AttributeList | null,
    sequence: number,
  ): Omit<Fragment, 'durationSeconds'> {
    return { url: this.#resolve(uri), range, key: key && this.#key(key), sequence };
  }

  #key(attributes: AttributeList): FragmentKey {
    const known = this.#keys.get(attributes);
    if (known) return known;
    const uri = attributes.get('URI');
    // Without a method it is taken for the usual one.
    if ((attributes.get('METHOD') ?? 'AES-128') !== 'AES-128' || uri === undefined)
      throw new SluiceError('encrypted');
    const iv = attributes.get('IV') ?? null;
    const digits = iv === null ? null : /^0x([\da-f]{32})$/i.exec(iv)?.[1];
    if (digits === undefined)
      throw new SluiceError('invalid_manifest', 'The manifest has an initialisation vector that is none.');
    const key = { url: this.#resolve(uri), iv: digits };
    this.#keys.set(attributes, key);
    return key;
  }

  #resolve(uri: string): string {
    const url = this.#base.resolve(uri);
    if (url !== null) return url.href;
    if (this.#base.isExhausted)
      throw new SluiceError('too_complex', 'The addresses of the manifest are too long altogether.');
    throw new SluiceError('invalid_manifest', 'The manifest names an address that is none.');
  }
}

function isSame(a: InitialisationPart, b: InitialisationPart): boolean {
  return ['URI', 'BYTERANGE'].every((name) => a.attributes.get(name) === b.attributes.get(name));
}

function rangeOf(range: ByteRange | null): Fragment['range'] {
  if (!range) return null;
  const { length, offset } = range;
  const start = offset ?? 0;
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(start) || length <= 0) {
    throw new SluiceError('invalid_manifest', 'The manifest has a byte range that is none.');
  }
  return { start, end: start + length };
}
