/** HLS playlists (RFC 8216) as plain data: the variants of a master playlist, or the fragments of a media playlist. Pure. */
import { SluiceError } from '../../protocol/error.ts';
import { wideCharsetOf } from '../../protocol/text-kind.ts';
import { AddressResolver } from '../address-resolver.ts';
import { decodeText } from '../text.ts';
import type { AttributeList } from './attributes.ts';
import { FragmentsBuilder, type PlaylistFragment, tooLongAddresses } from './fragments-builder.ts';
import type { Fragment, Fragments } from './fragments.ts';
import {
  byteRange,
  type ListedRange,
  type EffectiveKey,
  type InitialisationPart,
  type Manifest,
  readManifest,
} from './manifest.ts';
import { readVariants, type Variant } from './variants.ts';

export interface MasterPlaylist {
  kind: 'master';
  variants: Variant[];
  /** For the playlists that it names; absent = none. */
  variables?: ReadonlyMap<string, string>;
}

export type Playlist = MasterPlaylist | MediaPlaylist;

export interface MediaPlaylist {
  kind: 'media';
  /** Without gaps. */
  fragments: Fragments;
  live: boolean;
  fragmentedMp4: boolean;
  /** Of what the playlist lists and says is not there (`EXT-X-GAP`), in s. */
  gapSeconds: number;
  /** Different initialisation parts that it names one after the other. */
  initialisationParts: number;
}

export interface PlaylistInput {
  /** UTF-8, or UTF-16 as some editors save it. */
  chunks: readonly Uint8Array[];
  /** Its address, after redirects. */
  url: string;
  /** Of the master playlist that named it; absent = none. */
  imported?: ReadonlyMap<string, string>;
}

/**
 * @throws SluiceError `invalid_manifest`, `encrypted` (anything but AES-128 with a plain key), `too_complex` (over 100,000
 * fragments, or addresses that are too long in total)
 */
export function readPlaylist({ chunks, url, imported }: PlaylistInput): Playlist {
  const charset = wideCharsetOf(chunks[0] ?? new Uint8Array()) ?? 'utf-8';
  return parsePlaylist(decodeText(chunks, charset), new URL(url), imported);
}

/** As `readPlaylist`. */
export function parsePlaylist(text: string, url: URL, imported?: ReadonlyMap<string, string>): Playlist {
  if (!/^\ufeff?\s*#EXTM3U/.test(text)) throw new SluiceError('invalid_manifest');
  const manifest = readManifest(text, new Map(url.searchParams), imported);
  const resolver = new AddressResolver(url);
  if (manifest.isMaster && manifest.entries.length > 0) {
    const variants = readVariants(manifest, resolver);
    if (variants.length === 0) throw new SluiceError('invalid_manifest', 'The manifest offers nothing.');
    const { variables } = manifest;
    return { kind: 'master', variants, ...(variables.size > 0 ? { variables } : {}) };
  }
  const reader = new FragmentReader(resolver);
  const fragments = manifest.isMedia ? reader.read(manifest) : null;
  if (fragments === null || fragments.count === 0)
    throw new SluiceError('invalid_manifest', 'The manifest has no fragments.');
  return {
    kind: 'media',
    fragments,
    live: !manifest.hasEnd,
    fragmentedMp4: manifest.entries.some(({ map }) => map?.attributes.has('URI') ?? false),
    gapSeconds: manifest.entries.reduce((sum, each) => sum + (each.isGap ? each.durationSeconds : 0), 0),
    initialisationParts: reader.initialisationParts,
  };
}

class FragmentReader {
  readonly #resolver: AddressResolver;
  readonly #fragments = new FragmentsBuilder();
  readonly #keys = new Map<AttributeList, PlaylistFragment['key']>();
  initialisationParts = 0;

  constructor(resolver: AddressResolver) {
    this.#resolver = resolver;
  }

  read({ entries, mediaSequence }: Manifest): Fragments {
    let lastMap: InitialisationPart | null = null;
    for (const [index, entry] of entries.entries()) {
      const { uri, range, key, map, durationSeconds, isDiscontinuous, isGap } = entry;
      if (isGap) continue;
      const part = { sequence: mediaSequence + index, isDiscontinuous };
      const mapUri = map?.attributes.get('URI');
      if (map !== null && mapUri !== undefined && map !== lastMap) {
        // Some playlists repeat it before each fragment.
        if (lastMap === null || !isSame(map, lastMap)) {
          const bytes = map.attributes.get('BYTERANGE');
          const mapRange = bytes === undefined ? null : rangeOf(byteRange(bytes));
          this.initialisationParts++;
          this.#add(mapUri, map.key, { ...part, range: mapRange, durationSeconds: 0 });
        }
        lastMap = map;
      }
      this.#add(uri, key, { ...part, range: rangeOf(range), durationSeconds });
    }
    return this.#fragments.build(this.#resolver.base.href);
  }

  #add(uri: string, key: EffectiveKey, fragment: Omit<Fragment, 'url' | 'key'>): void {
    this.#check(uri);
    if (key === 'foreign') throw new SluiceError('encrypted');
    this.#fragments.add({ ...fragment, address: uri, key: key && this.#key(key) });
  }

  #key(attributes: AttributeList): PlaylistFragment['key'] {
    const known = this.#keys.get(attributes);
    if (known) return known;
    const uri = attributes.get('URI');
    // Without a method, AES-128 is assumed.
    if (!/^aes-128$/i.test(attributes.get('METHOD') ?? 'AES-128') || uri === undefined)
      throw new SluiceError('encrypted');
    const iv = initialisationVector(attributes.get('IV') ?? '');
    this.#check(uri);
    const key = { address: uri, iv };
    this.#keys.set(attributes, key);
    return key;
  }

  /** Resolves an address, so that an invalid one is an error before the first byte is fetched. */
  #check(uri: string): void {
    if (this.#resolver.resolve(uri) !== null) return;
    if (this.#resolver.isExhausted) throw tooLongAddresses();
    throw new SluiceError('invalid_manifest', 'The manifest names an address that is none.');
  }
}

/** A hexadecimal integer of 128 bits (RFC 8216, section 4.2), as 32 digits; null = there is none. */
function initialisationVector(text: string): string | null {
  if (text === '') return null;
  const digits = /^(?:0x)?0*([\da-f]{0,32})$/i.exec(text)?.[1];
  if (digits === undefined)
    throw new SluiceError('invalid_manifest', 'The manifest has an initialisation vector that is none.');
  return digits.padStart(32, '0');
}

function isSame(a: InitialisationPart, b: InitialisationPart): boolean {
  return ['URI', 'BYTERANGE'].every((name) => a.attributes.get(name) === b.attributes.get(name));
}

function rangeOf(range: ListedRange | null): Fragment['range'] {
  if (!range) return null;
  const { length, offset } = range;
  const start = offset ?? 0;
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(start) || length <= 0) {
    throw new SluiceError('invalid_manifest', 'The manifest has a byte range that is none.');
  }
  return { start, end: start + length };
}
