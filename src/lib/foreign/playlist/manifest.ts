/**
 * The lines of an HLS playlist (RFC 8216) as they bear on what is fetched: its addresses, each with what the tags before it
 * say. One pass, and of each line a fixed number of looks. It takes what m3u8-parser 7 took, which was here before; what
 * changes neither qualities nor fragments (dates, parts of live streams, I-frames, cues) is passed over.
 */
import { SluiceError } from '../../protocol/error.ts';
import { MAX_FRAGMENTS } from '../limits.ts';
import { linesOf } from '../text.ts';
import { type AttributeList, readAttributes } from './attributes.ts';

export interface ByteRange {
  /** null = not said. */
  offset: number | null;
  length: number;
}

export interface Address {
  uri: string;
  /** Of `EXT-X-STREAM-INF`; null = none stood before it. */
  stream: AttributeList | null;
  durationSeconds: number;
  range: ByteRange | null;
  key: AttributeList | null;
  map: InitialisationPart | null;
}

/** `EXT-X-MAP`, under the key of its place. */
export interface InitialisationPart {
  attributes: AttributeList;
  key: AttributeList | null;
}

export interface Manifest {
  /** In the order of the text. */
  addresses: Address[];
  /** `EXT-X-STREAM-INF` stands in it. */
  isMaster: boolean;
  /** `EXTINF` stands in it. */
  isMedia: boolean;
  /** `EXT-X-MEDIA` of type AUDIO, by group: the one to take. */
  sounds: Map<string, AttributeList>;
  mediaSequence: number;
  hasEnd: boolean;
  /** A key of a protection that is not opened was named, whether fragments need it or not. */
  isProtected: boolean;
}

/** FairPlay, PlayReady, Widevine. */
const PROTECTIONS = new Set([
  'com.apple.streamingkeydelivery',
  'com.microsoft.playready',
  'urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed',
]);
/** Longer addresses cannot be asked for, so what is put into one is no longer either. */
const MAX_DEFINED_CHARS = 8192;
const VARIABLE = /\{\$([\w-]{1,100})\}/g;

/** @throws SluiceError `too_complex` past 100,000 addresses */
export function readManifest(text: string): Manifest {
  const reader = new ManifestReader();
  for (const line of linesOf(text)) reader.line(line.trim());
  return reader.manifest;
}

class ManifestReader {
  readonly manifest: Manifest = {
    addresses: [],
    isMaster: false,
    isMedia: false,
    sounds: new Map(),
    mediaSequence: 0,
    hasEnd: false,
    isProtected: false,
  };
  readonly #definitions = new Map<string, string>();
  #next: Pick<Address, 'stream' | 'durationSeconds' | 'range'> = nothing();
  #isTimed = false;
  #targetSeconds = 0;
  #rangeEnd = 0;
  #key: AttributeList | null = null;
  #map: InitialisationPart | null = null;

  line(line: string): void {
    if (line === '') return;
    if (!line.startsWith('#')) return this.#address(line);
    if (!line.startsWith('#EXT')) return;
    const colon = line.indexOf(':');
    const tag = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1);
    this.#tag(tag, value);
  }

  #tag(tag: string, value: string): void {
    switch (tag) {
      case '#EXTINF':
        return this.#duration(value);
      case '#EXT-X-TARGETDURATION':
        this.#targetSeconds = Math.max(0, Number.parseInt(value, 10) || 0);
        return;
      case '#EXT-X-MEDIA-SEQUENCE': {
        const number = Number.parseInt(value, 10);
        if (Number.isSafeInteger(number)) this.manifest.mediaSequence = number;
        return;
      }
      case '#EXT-X-BYTERANGE':
        return this.#range(value);
      case '#EXT-X-KEY':
        return this.#keyTag(this.#attributes(value));
      case '#EXT-X-MAP':
        this.#map = { attributes: this.#attributes(value), key: this.#key };
        return;
      case '#EXT-X-STREAM-INF':
        this.manifest.isMaster = true;
        this.#next.stream = this.#attributes(value);
        return;
      case '#EXT-X-MEDIA':
        return this.#sound(this.#attributes(value));
      case '#EXT-X-DEFINE':
        return this.#define(readAttributes(value));
      case '#EXT-X-ENDLIST':
        this.manifest.hasEnd = true;
        return;
    }
  }

  #address(line: string): void {
    const { addresses } = this.manifest;
    if (addresses.length === MAX_FRAGMENTS) throw tooMany();
    const durationSeconds = this.#isTimed ? this.#next.durationSeconds : this.#targetSeconds;
    const uri = this.#filled(line);
    addresses.push({ ...this.#next, durationSeconds, uri, key: this.#key, map: this.#map });
    this.#next = nothing();
    this.#isTimed = false;
  }

  #duration(value: string): void {
    this.manifest.isMedia = true;
    const seconds = Number.parseFloat(value);
    if (!Number.isFinite(seconds) || seconds < 0) return;
    this.#isTimed = true;
    this.#next.durationSeconds = seconds;
  }

  /** Without an offset it begins where the one before it ended. */
  #range(value: string): void {
    const range = byteRange(value);
    const offset = range.offset ?? this.#rangeEnd;
    this.#rangeEnd = offset + range.length;
    this.#next.range = { ...range, offset };
  }

  #keyTag(key: AttributeList): void {
    const format = key.get('KEYFORMAT') ?? '';
    if (key.get('METHOD') === 'NONE') this.#key = null;
    else if (PROTECTIONS.has(format)) this.manifest.isProtected = true;
    else this.#key = key;
  }

  /** The default one, else one that may be chosen by itself, else the first. */
  #sound(rendition: AttributeList): void {
    const group = rendition.get('GROUP-ID') ?? '';
    if (rendition.get('TYPE') !== 'AUDIO' || group === '' || !rendition.get('NAME')) return;
    const known = this.manifest.sounds.get(group);
    if (known === undefined || weight(rendition) > weight(known)) this.manifest.sounds.set(group, rendition);
  }

  /** Only what is defined here: the others are for playlists that another one names. */
  #define(attributes: AttributeList): void {
    const [name, value] = [attributes.get('NAME'), attributes.get('VALUE')];
    if (name === undefined || value === undefined || value.length > MAX_DEFINED_CHARS) return;
    if (!this.#definitions.has(name)) this.#definitions.set(name, value);
  }

  #attributes(list: string): AttributeList {
    return readAttributes(this.#filled(list));
  }

  /** `{$name}` is what was defined before (RFC 8216bis, section 4.3). */
  #filled(text: string): string {
    if (this.#definitions.size === 0 || !text.includes('{$')) return text;
    let left = MAX_DEFINED_CHARS;
    return text.replace(VARIABLE, (whole, name: string) => {
      const value = this.#definitions.get(name) ?? whole;
      left -= value.length;
      return left < 0 ? whole : value;
    });
  }
}

export function tooMany(): SluiceError {
  return new SluiceError('too_complex', `The manifest has over ${MAX_FRAGMENTS} fragments.`);
}

function nothing(): Pick<Address, 'stream' | 'durationSeconds' | 'range'> {
  return { stream: null, durationSeconds: 0, range: null };
}

function weight(rendition: AttributeList): number {
  if (/^yes$/i.test(rendition.get('DEFAULT') ?? '')) return 2;
  return /^yes$/i.test(rendition.get('AUTOSELECT') ?? '') ? 1 : 0;
}

/** `length[@offset]`; the length is NaN where it is no number. */
export function byteRange(text: string): ByteRange {
  const match = /^\s*(\d+)(?:@(\d+))?/.exec(text);
  return { length: Number(match?.[1]), offset: match?.[2] === undefined ? null : Number(match[2]) };
}
