/** The qualities of a master playlist, best first, with stable ids. Pure. */
import type { AddressResolver } from '../address-resolver.ts';
import { codecName, distinctQualities } from '../distinct-qualities.ts';
import { shortHash } from '../../protocol/short-hash.ts';
import { MAX_VARIANTS } from '../limits.ts';
import type { AttributeList } from './attributes.ts';
import type { Manifest } from './manifest.ts';

export interface Variant {
  /** `v720-1280000`, `a-64000`: height and bits a second. */
  id: string;
  /** `720p`, `64 kbit/s`. */
  quality: string;
  url: string;
  /** Media playlist of its separate audio; null = the audio is included, or there is none. */
  audioUrl: string | null;
  /** What else there is of its separate audio, as in other languages, the preferred first; absent = nothing. */
  otherAudio?: OtherAudio[];
  /** What the playlist calls that audio; absent = nothing. */
  audioName?: string;
  /** 0 = unknown. */
  height: number;
  bitsPerSecond: number;
  /** The same on other hosts (RFC 8216, section 6.2.4), in order; absent = none. */
  backups?: BackupVariant[];
}

interface OtherAudio {
  name: string;
  url: string;
}

type BackupVariant = Pick<Variant, 'id' | 'url' | 'audioUrl'>;

/** What may differ between equal variants. */
const PLACES = new Set(
  (
    'URI AUDIO SUBTITLES CLOSED-CAPTIONS VIDEO GROUP-ID PATHWAY-ID PROGRAM-ID ' +
    'STABLE-VARIANT-ID STABLE-RENDITION-ID'
  ).split(' '),
);
/** Of one variant; nobody has more hosts. */
const MAX_BACKUPS = 8;
/** In the result, for all variants together: they share groups. */
const MAX_OTHER_AUDIO_CHARS = 256 * 1024;
const MAX_NAME_CHARS = 60;
const NO_ATTRIBUTES: AttributeList = new Map();

/** With what distinguishes it from others of its quality. */
type TraitVariant = Variant & { traits: (string | null)[] };

/** Returns at most 500. */
export function readVariants(manifest: Manifest, resolver: AddressResolver): Variant[] {
  const variants: TraitVariant[] = [];
  const idCounts = new Map<string, number>();
  const audio = new AudioGroups(manifest, resolver);
  /** By its attributes. */
  const mains = new Map<string, Variant>();

  for (const { uri, stream } of manifest.entries) {
    const url = resolver.resolve(uri);
    if (url === null) continue;
    const attributes = stream ?? NO_ATTRIBUTES;
    const group = attributes.get('AUDIO');
    const variant: TraitVariant = {
      ...variantOf(attributes, url.href, audio.urlOf(group), audio.renditionOf(group)),
      ...audio.othersOf(group),
    };
    const count = (idCounts.get(variant.id) ?? 0) + 1;
    idCounts.set(variant.id, count);
    if (count > 1) variant.id = `${variant.id}-${count}`;
    const identity = `${identityOf(attributes)} ${audio.identityOf(group)}`;
    const main = variant.bitsPerSecond > 0 ? mains.get(identity) : undefined;
    if (main === undefined) {
      mains.set(identity, variant);
      variants.push(variant);
    } else if (isElsewhere(variant, main) && (main.backups?.length ?? 0) < MAX_BACKUPS) {
      (main.backups ??= []).push({ id: variant.id, url: variant.url, audioUrl: variant.audioUrl });
    }
  }
  const best = variants
    .sort((a, b) => b.height - a.height || b.bitsPerSecond - a.bitsPerSecond)
    .slice(0, MAX_VARIANTS);
  const labels = distinctQualities(best);
  return best.map(({ traits: _, ...variant }, index) => ({
    ...variant,
    quality: labels[index] ?? variant.quality,
  }));
}

function isElsewhere(variant: Variant, main: Variant): boolean {
  return variant.url !== main.url || variant.audioUrl !== main.audioUrl;
}

function variantOf(
  attributes: AttributeList,
  url: string,
  audioUrl: string | null,
  audio: AttributeList | undefined,
): TraitVariant {
  const resolution = attributes.get('RESOLUTION');
  const height = heightOf(resolution);
  const bitsPerSecond = positiveInteger(attributes.get('BANDWIDTH'));
  const audioOnly = height === 0 && isAudioOnly(attributes.get('CODECS'));
  return {
    id: `${audioOnly ? 'a' : height > 0 ? `v${height}` : 'v'}-${bitsPerSecond}`,
    quality: height > 0 ? `${shortSideOf(resolution)}p` : bitRate(bitsPerSecond),
    traits: traitsOf(attributes, audio),
    url,
    audioUrl: audioUrl === url ? null : audioUrl,
    height,
    bitsPerSecond,
  };
}

/** The groups of audio that variants name, each resolved once. */
class AudioGroups {
  readonly #manifest: Manifest;
  readonly #resolver: AddressResolver;
  readonly #urls = new Map<string, string | null>();
  readonly #identities = new Map<string, string>();
  readonly #others = new Map<string, Pick<Variant, 'otherAudio' | 'audioName'>>();
  #leftChars = MAX_OTHER_AUDIO_CHARS;

  constructor(manifest: Manifest, resolver: AddressResolver) {
    [this.#manifest, this.#resolver] = [manifest, resolver];
  }

  renditionOf(group = ''): AttributeList | undefined {
    return this.#manifest.audioRenditions.get(group)?.[0];
  }

  othersOf(group = ''): Pick<Variant, 'otherAudio' | 'audioName'> {
    const [first, ...others] = this.#manifest.audioRenditions.get(group) ?? [];
    if (first === undefined || others.length === 0) return {};
    let found = this.#others.get(group);
    if (found === undefined) {
      const otherAudio = others.flatMap((each) => {
        const url = this.#resolver.resolve(each.get('URI') ?? '')?.href;
        return url === undefined || !each.has('URI') ? [] : [{ name: nameOf(each), url }];
      });
      found = { otherAudio, audioName: nameOf(first) };
      this.#others.set(group, found);
    }
    this.#leftChars -= JSON.stringify(found).length;
    return this.#leftChars < 0 ? {} : found;
  }

  /** null = the audio is included, or there is none. */
  urlOf(group: string | undefined): string | null {
    if (group === undefined) return null;
    let url = this.#urls.get(group);
    if (url === undefined) {
      const uri = this.renditionOf(group)?.get('URI');
      url = uri === undefined ? null : (this.#resolver.resolve(uri)?.href ?? null);
      this.#urls.set(group, url);
    }
    return url;
  }

  /** Short, as a long one would count for each variant. */
  identityOf(group = ''): string {
    let identity = this.#identities.get(group);
    if (identity === undefined) {
      const audio = this.renditionOf(group);
      identity = audio === undefined ? '' : shortHash(identityOf(audio));
      this.#identities.set(group, identity);
    }
    return identity;
  }
}

function nameOf(audio: AttributeList): string {
  return (audio.get('NAME') ?? audio.get('LANGUAGE') ?? '').slice(0, MAX_NAME_CHARS);
}

/** Codec, frame rate, dynamic range, language and bit rate, as `distinctQualities` takes them. */
function traitsOf(attributes: AttributeList, audio: AttributeList | undefined): (string | null)[] {
  const codecs = (attributes.get('CODECS') ?? '').split(',', 10);
  const rate = Number(attributes.get('FRAME-RATE'));
  const range = attributes.get('VIDEO-RANGE');
  const isDolbyVision = /(?:^|[,\s])d(?:vh[e1]|va[v1]|av1)\./i.test(
    `${attributes.get('CODECS') ?? ''},${attributes.get('SUPPLEMENTAL-CODECS') ?? ''}`,
  );
  return [
    codecs.map(codecName).find((name) => name !== null) ?? null,
    rate > 0 ? `${Math.round(rate)} fps` : null,
    isDolbyVision ? 'Dolby Vision' : range !== undefined && range !== 'SDR' ? 'HDR' : null,
    audio?.get('LANGUAGE')?.slice(0, 20) ?? null,
    bitRate(positiveInteger(attributes.get('BANDWIDTH'))),
  ];
}

/** An upright video is named by its shorter side, as others are by their height. */
function shortSideOf(resolution: string | undefined): number {
  const [width, height] = (resolution ?? '').split('x', 2).map(positiveInteger);
  return width ? Math.min(width, height ?? 0) : (height ?? 0);
}

/** All that equal variants have in common. */
function identityOf(attributes: AttributeList): string {
  const common = [...attributes].filter(([name]) => !PLACES.has(name));
  return JSON.stringify(common.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `1280x720`. */
function heightOf(resolution: string | undefined): number {
  return positiveInteger(resolution?.split('x', 2)[1]);
}

function positiveInteger(text: string | undefined): number {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function bitRate(bitsPerSecond: number): string {
  return bitsPerSecond > 0 ? `${Math.round(bitsPerSecond / 1000)} kbit/s` : 'original';
}

function isAudioOnly(codecs: string | undefined): boolean {
  const list = (codecs ?? '').split(',').map((codec) => codec.trim());
  return list.every((codec) => /^(mp4a|ac-3|ec-3|opus|flac)/i.test(codec));
}
