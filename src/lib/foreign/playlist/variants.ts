/** The qualities of a master playlist, best first, each with a name that stays the same while it is offered. Pure. */
import type { AddressResolver } from '../address-resolver.ts';
import { MAX_VARIANTS } from '../limits.ts';
import type { AttributeList } from './attributes.ts';
import type { Manifest } from './manifest.ts';

export interface Variant {
  /** `v720-1280000`, `a-64000`: height and bits a second. */
  id: string;
  /** `720p`, `64 kbit/s`. */
  quality: string;
  url: string;
  /** Media playlist of its separate audio; null = the sound is inside, or there is none. */
  audioUrl: string | null;
  /** 0 = not said. */
  height: number;
  bitsPerSecond: number;
}

const NO_ATTRIBUTES: AttributeList = new Map();

/** At most 500. */
export function readVariants(manifest: Manifest, base: AddressResolver): Variant[] {
  const variants: Variant[] = [];
  const seen = new Map<string, number>();
  const sounds = new Map<string, string | null>();

  function soundOf(group: string | undefined): string | null {
    if (group === undefined) return null;
    const known = sounds.get(group);
    if (known !== undefined) return known;
    const uri = manifest.sounds.get(group)?.get('URI');
    const url = uri === undefined ? null : (base.resolve(uri)?.href ?? null);
    sounds.set(group, url);
    return url;
  }

  for (const { uri, stream } of manifest.addresses) {
    const url = base.resolve(uri);
    if (url === null) continue;
    const attributes = stream ?? NO_ATTRIBUTES;
    const height = heightOf(attributes.get('RESOLUTION'));
    const bitsPerSecond = whole(attributes.get('BANDWIDTH'));
    const soundOnly = height === 0 && isSoundOnly(attributes.get('CODECS'));
    const name = `${soundOnly ? 'a' : height > 0 ? `v${height}` : 'v'}-${bitsPerSecond}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const audioUrl = soundOf(attributes.get('AUDIO'));
    variants.push({
      id: count === 1 ? name : `${name}-${count}`,
      quality: height > 0 ? `${height}p` : rate(bitsPerSecond),
      url: url.href,
      audioUrl: audioUrl === url.href ? null : audioUrl,
      height,
      bitsPerSecond,
    });
  }
  return variants
    .sort((a, b) => b.height - a.height || b.bitsPerSecond - a.bitsPerSecond)
    .slice(0, MAX_VARIANTS);
}

/** `1280x720`. */
function heightOf(resolution: string | undefined): number {
  return whole(resolution?.split('x', 2)[1]);
}

function whole(text: string | undefined): number {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function rate(bitsPerSecond: number): string {
  return bitsPerSecond > 0 ? `${Math.round(bitsPerSecond / 1000)} kbit/s` : 'original';
}

function isSoundOnly(codecs: string | undefined): boolean {
  const list = (codecs ?? '').split(',').map((codec) => codec.trim());
  return list.every((codec) => /^(mp4a|ac-3|ec-3|opus|flac)/i.test(codec));
}
