/** Labels of qualities that distinguish rows. Pure. */
import { MAX_QUALITY_CHARS } from './limits.ts';

export interface Quality {
  /** `1080p` */
  quality: string;
  /** What may distinguish it from others of that quality, the most distinctive first: in each row the same kind at the same place. */
  traits: readonly (string | null)[];
}

/**
 * The labels of `rows`: those of a quality that is there more than once get the traits in which they differ, or a number if
 * they differ in none.
 */
export function distinctQualities(rows: readonly Quality[]): string[] {
  let labels = rows.map(({ quality }) => quality.slice(0, MAX_QUALITY_CHARS));
  const kinds = Math.max(0, ...rows.map(({ traits }) => traits.length));
  for (let kind = 0; kind < kinds; kind++) {
    const traits = rows.map((row) => row.traits[kind] ?? null);
    const traitsOf = new Map<string, Set<string | null>>();
    for (const [index, label] of labels.entries()) {
      const alike = traitsOf.get(label) ?? new Set();
      traitsOf.set(label, alike.add(traits[index] ?? null));
    }
    labels = labels.map((label, index) => {
      const trait = traits[index] ?? null;
      const differ = (traitsOf.get(label)?.size ?? 0) > 1;
      return trait === null || !differ ? label : `${label} · ${trait}`.slice(0, MAX_QUALITY_CHARS);
    });
  }
  return numbered(labels);
}

function numbered(labels: readonly string[]): string[] {
  /** The numbers that each label has used. */
  const counts = new Map<string, number>();
  const taken = new Set(labels);
  return labels.map((label) => {
    let count = (counts.get(label) ?? 0) + 1;
    let one = label;
    if (count > 1) {
      while (taken.has(`${label} (${count})`)) count++;
      one = `${label} (${count})`;
      taken.add(one);
    }
    counts.set(label, count);
    return one;
  });
}

const CODECS: readonly (readonly [RegExp, string])[] = [
  [/^(?:avc|h\.?264|x264)/i, 'H.264'],
  [/^(?:hvc|hev|h\.?265|x265|hevc|dvh)/i, 'H.265'],
  [/^(?:av01|av1)/i, 'AV1'],
  [/^(?:vp09|vp9)/i, 'VP9'],
  [/^(?:vp08|vp8)/i, 'VP8'],
];

/** `avc1.42c01e` → `H.264`; null for others. */
export function codecName(codec: string): string | null {
  return CODECS.find(([pattern]) => pattern.test(codec.trim()))?.[1] ?? null;
}
