/** The qualities of a master playlist, best first, each with a name that stays the same while it is offered. Pure. */
import type { Manifest } from 'm3u8-parser';

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

export function readVariants(manifest: Manifest, base: URL): Variant[] {
  const variants: Variant[] = [];
  const seen = new Map<string, number>();
  for (const { uri, attributes = {} } of manifest.playlists ?? []) {
    const url = uri === undefined ? null : URL.parse(uri, base);
    if (url === null) continue;
    const height = whole(attributes.RESOLUTION?.height);
    const bitsPerSecond = whole(attributes.BANDWIDTH);
    const soundOnly = height === 0 && isSoundOnly(attributes.CODECS);
    const name = `${soundOnly ? 'a' : height > 0 ? `v${height}` : 'v'}-${bitsPerSecond}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const audioUrl = audioOf(manifest, attributes.AUDIO, base);
    variants.push({
      id: count === 1 ? name : `${name}-${count}`,
      quality: height > 0 ? `${height}p` : rate(bitsPerSecond),
      url: url.href,
      audioUrl: audioUrl === url.href ? null : audioUrl,
      height,
      bitsPerSecond,
    });
  }
  return variants.sort((a, b) => b.height - a.height || b.bitsPerSecond - a.bitsPerSecond);
}

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function rate(bitsPerSecond: number): string {
  return bitsPerSecond > 0 ? `${Math.round(bitsPerSecond / 1000)} kbit/s` : 'original';
}

function isSoundOnly(codecs: string | undefined): boolean {
  const list = (codecs ?? '').split(',').map((codec) => codec.trim());
  return list.every((codec) => /^(mp4a|ac-3|ec-3|opus|flac)/i.test(codec));
}

function audioOf(manifest: Manifest, group: string | undefined, base: URL): string | null {
  const groups = manifest.mediaGroups?.AUDIO ?? {};
  const renditions =
    group !== undefined && Object.hasOwn(groups, group) ? Object.values(groups[group] ?? {}) : [];
  const chosen =
    renditions.find((each) => each.default) ?? renditions.find((each) => each.autoselect) ?? renditions[0];
  return chosen?.uri === undefined ? null : (URL.parse(chosen.uri, base)?.href ?? null);
}
