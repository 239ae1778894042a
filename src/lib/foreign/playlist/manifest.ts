/**
 * Reads the lines of an HLS playlist (RFC 8216): its URIs, each with the tags that apply to it, in linear time. Accepts what
 * m3u8-parser 7 accepts. Tags that affect neither qualities nor fragments (dates, parts of live streams, I-frames, cues)
 * are ignored.
 */
import { SluiceError } from '../../protocol/error.ts';
import { MAX_FRAGMENTS } from '../limits.ts';
import { linesOf } from '../text.ts';
import { type AttributeList, readAttributes } from './attributes.ts';
import { readDefinitions } from './definitions.ts';
import { tooManyFragments } from './fragments-builder.ts';

export interface ListedRange {
  /** null = after the range before it. */
  offset: number | null;
  length: number;
}

export interface PlaylistEntry {
  uri: string;
  /** Of the `EXT-X-STREAM-INF` before it; null = none. */
  stream: AttributeList | null;
  durationSeconds: number;
  range: ListedRange | null;
  key: EffectiveKey;
  map: InitialisationPart | null;
  /** `EXT-X-GAP`: there is no such fragment. */
  isGap: boolean;
  /** `EXT-X-DISCONTINUITY`, or a gap before it: its times need not follow those before. */
  isDiscontinuous: boolean;
}

/** `EXT-X-MAP`, with the key in effect. */
export interface InitialisationPart {
  attributes: AttributeList;
  key: EffectiveKey;
}

/** `foreign`: only systems that we do not have can give the key. Null = not encrypted. */
export type EffectiveKey = AttributeList | 'foreign' | null;

export interface Manifest {
  /** In order. */
  entries: PlaylistEntry[];
  /** It has `EXT-X-STREAM-INF`. */
  isMaster: boolean;
  /** It has `EXTINF`. */
  isMedia: boolean;
  /** Each `EXT-X-MEDIA` of type AUDIO of each group, the preferred first; at most 8. */
  audioRenditions: Map<string, AttributeList[]>;
  /** Of `EXT-X-DEFINE`: the playlists that it names may import them. */
  variables: ReadonlyMap<string, string>;
  mediaSequence: number;
  hasEnd: boolean;
}

/** What the tags before an entry say of it alone. */
type NextEntry = Pick<PlaylistEntry, 'stream' | 'durationSeconds' | 'range' | 'isGap' | 'isDiscontinuous'>;

/** FairPlay, PlayReady, Widevine. */
const DRM_KEY_FORMATS = new Set([
  'com.apple.streamingkeydelivery',
  'com.microsoft.playready',
  'urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed',
]);
/** Of one group: the preferred ones. */
const MAX_RENDITIONS = 8;
/** Of all variables: they go to the reader of each playlist that a master names. */
const MAX_DEFINED_CHARS = 64 * 1024;
/** Of the variables in one line: a longer address cannot be requested. */
const MAX_VARIABLE_CHARS = 8192;
/**
 * A longer line is left as it is: no address is that long, and no list of attributes. `replace` collects all matches in one
 * call: 4 million of them take more than a reader's heap, at which V8 ends its process.
 */
const MAX_SUBSTITUTED_CHARS = 64 * 1024;
const VARIABLE = /\{\$([\w-]{1,100})\}/g;

/**
 * @param query of the playlist's address
 * @param imported variables of the master playlist that named it
 * @throws SluiceError `too_complex` past 100,000 entries, `invalid_manifest` for one that leaves fragments out
 */
export function readManifest(
  text: string,
  query: ReadonlyMap<string, string> = new Map(),
  imported: ReadonlyMap<string, string> = new Map(),
): Manifest {
  const reader = new ManifestReader(query, imported);
  for (const line of linesOf(text)) reader.line(withoutZeros(line).trim());
  return reader.manifest;
}

/** Up to the first zero, as in ffmpeg (`ff_get_line`): lists that were written into a longer buffer end with some. */
function withoutZeros(line: string): string {
  const end = line.indexOf('\0');
  return end === -1 ? line : line.slice(0, end);
}

class ManifestReader {
  readonly #variables = new Map<string, string>();
  readonly manifest: Manifest = {
    entries: [],
    isMaster: false,
    isMedia: false,
    audioRenditions: new Map(),
    variables: this.#variables,
    mediaSequence: 0,
    hasEnd: false,
  };
  #definedChars = 0;
  #next: NextEntry = emptyEntry();
  #isTimed = false;
  #targetSeconds = 0;
  #rangeEnd = 0;
  #keys: { identity: AttributeList | null; other: EffectiveKey } = { identity: null, other: null };
  #map: InitialisationPart | null = null;
  readonly #query: ReadonlyMap<string, string>;
  readonly #imported: ReadonlyMap<string, string>;

  constructor(query: ReadonlyMap<string, string>, imported: ReadonlyMap<string, string>) {
    [this.#query, this.#imported] = [query, imported];
  }

  line(line: string): void {
    if (line === '') return;
    if (!line.startsWith('#')) return this.#entry(line);
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
        return this.#audioRendition(this.#attributes(value));
      case '#EXT-X-DEFINE':
        return this.#define(value);
      case '#EXT-X-DISCONTINUITY':
        this.#next.isDiscontinuous = true;
        return;
      case '#EXT-X-GAP':
        this.#next.isGap = true;
        return;
      case '#EXT-X-PLAYLIST-TYPE':
        // it does not change any more, with or without its end (RFC 8216, section 4.3.3.5)
        if (/^\s*VOD\s*$/i.test(value)) this.manifest.hasEnd = true;
        return;
      case '#EXT-X-SKIP':
        // Only what asked for an update has the fragments before it (RFC 8216bis, section 4.4.5.2).
        throw new SluiceError('invalid_manifest', 'The manifest is an update that leaves fragments out.');
      case '#EXT-X-ENDLIST':
        this.manifest.hasEnd = true;
        return;
    }
  }

  #entry(line: string): void {
    const { entries } = this.manifest;
    if (entries.length === MAX_FRAGMENTS) throw tooManyFragments();
    const durationSeconds = this.#isTimed ? this.#next.durationSeconds : this.#targetSeconds;
    const uri = this.#substitute(line);
    entries.push({ ...this.#next, durationSeconds, uri, key: this.#key, map: this.#map });
    this.#next = { ...emptyEntry(), isDiscontinuous: this.#next.isGap };
    this.#isTimed = false;
  }

  #duration(value: string): void {
    this.manifest.isMedia = true;
    const seconds = Number.parseFloat(value);
    if (!Number.isFinite(seconds) || seconds < 0) return;
    this.#isTimed = true;
    this.#next.durationSeconds = seconds;
  }

  /** Without an offset a range begins where the one before it ended. */
  #range(value: string): void {
    const range = byteRange(value);
    const offset = range.offset ?? this.#rangeEnd;
    this.#rangeEnd = offset + range.length;
    this.#next.range = { ...range, offset };
  }

  /**
   * Several with different formats give the same key (RFC 8216, section 4.3.2.4): one that is `identity` is used, whatever
   * others there are.
   */
  #keyTag(key: AttributeList): void {
    const format = key.get('KEYFORMAT') ?? '';
    if (/^none$/i.test(key.get('METHOD') ?? '')) this.#keys = { identity: null, other: null };
    else if (/^(identity)?$/i.test(format)) this.#keys.identity = key;
    else {
      const isForeign = DRM_KEY_FORMATS.has(format.toLowerCase()) || /^skd:/i.test(key.get('URI') ?? '');
      this.#keys.other = isForeign ? 'foreign' : key;
    }
  }

  get #key(): EffectiveKey {
    return this.#keys.identity ?? this.#keys.other;
  }

  /** Prefers the default rendition, then one with AUTOSELECT, then the first. */
  #audioRendition(rendition: AttributeList): void {
    const group = rendition.get('GROUP-ID') ?? '';
    if (!/^audio$/i.test(rendition.get('TYPE') ?? '') || group === '') return;
    const { audioRenditions } = this.manifest;
    const known = audioRenditions.get(group) ?? [];
    const at = known.findIndex((each) => preference(each) < preference(rendition));
    known.splice(at === -1 ? known.length : at, 0, rendition);
    audioRenditions.set(group, known.slice(0, MAX_RENDITIONS));
  }

  /**
   * Variables with a value, also several in one tag, those of the playlist's own query, and those of the master playlist that
   * named it.
   */
  #define(list: string): void {
    for (const [name, value] of readDefinitions(list, this.#query, this.#imported)) {
      this.#definedChars += name.length + value.length;
      const isShort = value.length <= MAX_VARIABLE_CHARS && this.#definedChars <= MAX_DEFINED_CHARS;
      if (isShort && !this.#variables.has(name)) this.#variables.set(name, value);
    }
  }

  #attributes(list: string): AttributeList {
    return readAttributes(this.#substitute(list));
  }

  /** Substitutes variables `{$name}` (RFC 8216bis, section 4.3). */
  #substitute(text: string): string {
    if (this.#variables.size === 0 || text.length > MAX_SUBSTITUTED_CHARS || !text.includes('{$'))
      return text;
    let left = MAX_VARIABLE_CHARS;
    return text.replace(VARIABLE, (whole, name: string) => {
      const value = this.#variables.get(name) ?? whole;
      left -= value.length;
      return left < 0 ? whole : value;
    });
  }
}

function emptyEntry(): NextEntry {
  return { stream: null, durationSeconds: 0, range: null, isGap: false, isDiscontinuous: false };
}

function preference(rendition: AttributeList): number {
  if (/^yes$/i.test(rendition.get('DEFAULT') ?? '')) return 2;
  return /^yes$/i.test(rendition.get('AUTOSELECT') ?? '') ? 1 : 0;
}

/** @param text `length[@offset]`. The length is NaN if it is not a number. */
export function byteRange(text: string): ListedRange {
  const match = /^\s*"?(\d+)(?:@(\d+))?/.exec(text);
  return { length: Number(match?.[1]), offset: match?.[2] === undefined ? null : Number(match[2]) };
}
