/** Finds media in structured data (https://schema.org/VideoObject, AudioObject), however nested. Pure. */
import { MAX_STRUCTURED_DEPTH, MAX_STRUCTURED_MARKS } from '../limits.ts';

export interface JsonLdMedia {
  name: string | null;
  contentUrl: string;
}

const TYPES = new Set(['videoobject', 'audioobject', 'mediaobject']);
const MARKS = new Set([...'[{,:'].map((mark) => mark.charCodeAt(0)));

/**
 * The structured data of one page. `JSON.parse` cannot be interrupted, and takes 80 bytes and a microsecond for each `{}`. So
 * characters that can begin a value are counted first, those in strings too, over all scripts of the page.
 */
export class JsonLd {
  #marksLeft = MAX_STRUCTURED_MARKS;

  /** Empty for broken JSON, and past the limit of the page. */
  read(text: string): JsonLdMedia[] {
    this.#marksLeft -= marksIn(text, this.#marksLeft);
    if (this.#marksLeft < 0) return [];
    try {
      const found: JsonLdMedia[] = [];
      visit(JSON.parse(text), found, 0);
      return found;
    } catch {
      return [];
    }
  }
}

/** Characters that can begin a value; counted up to one more than `most`. */
export function marksIn(text: string, most: number): number {
  let marks = 0;
  for (let i = 0; i < text.length && marks <= most; i++) if (MARKS.has(text.charCodeAt(i))) marks++;
  return marks;
}

function visit(value: unknown, found: JsonLdMedia[], depth: number): void {
  if (typeof value !== 'object' || value === null || depth > MAX_STRUCTURED_DEPTH) return;
  if (!Array.isArray(value)) {
    const node = value as Record<string, unknown>;
    const types = [node['@type']].flat().map((type) => String(type).toLowerCase());
    const contentUrl = [node['contentUrl']].flat()[0];
    if (typeof contentUrl === 'string' && types.some((type) => TYPES.has(type))) {
      found.push({ name: typeof node['name'] === 'string' ? node['name'] : null, contentUrl });
    }
  }
  for (const inner of Object.values(value)) visit(inner, found, depth + 1);
}
