/** Finds media in structured data (https://schema.org/VideoObject, AudioObject), however nested. Pure. */
import { looksLikeMedia } from '../../protocol/extension.ts';
import { withoutEntities } from './entities.ts';
import { MAX_STRUCTURED_DEPTH, MAX_STRUCTURED_MARKS } from '../limits.ts';

export interface JsonLdMedia {
  name: string | null;
  /** Of the media, or of a page with a player. */
  address: string;
  isPage: boolean;
}

const VOCABULARY = /^(?:https?:\/\/schema\.org\/|schema:)/;
const CONTENT = ['contentUrl', 'contentURL', 'schema:contentUrl'];
const EMBED = ['embedUrl', 'embedURL', 'schema:embedUrl'];
const TYPES = new Set(['videoobject', 'audioobject', 'mediaobject']);
const MARKS = new Set([...'[{,:'].map((mark) => mark.charCodeAt(0)));

/**
 * The structured data of one page. `JSON.parse` cannot be interrupted, and takes 80 bytes and a microsecond for each `{}`. So
 * characters that can begin a value are counted first, those in strings too, over all scripts of the page.
 */
export class JsonLd {
  #marksLeft = MAX_STRUCTURED_MARKS;

  /** Null for what is no JSON even after the usual mistakes are mended; empty past the limit of the page. */
  read(text: string): JsonLdMedia[] | null {
    this.#marksLeft -= marksIn(text, this.#marksLeft);
    if (this.#marksLeft < 0) return [];
    const json = parse(text) ?? parse(mended(text));
    if (json === undefined) return null;
    const found: JsonLdMedia[] = [];
    visit(json, found, 0);
    return found;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Comments around it, line ends in strings, commas before the end of a list. */
function mended(text: string): string {
  return text
    .replace(/\/\*[^*]{0,64}\*\/|<!--|-->|(?:\/\/\s{0,8})?(?:<!\[CDATA\[|\]\]>)/g, '')
    .replace(/[\r\n\t]/g, ' ')
    .replace(/,(?=\s*[\]}])/g, '');
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
    const types = [node['@type']].flat().map(typeNamed);
    const name = typeof node['name'] === 'string' ? withoutEntities(node['name']) : null;
    const isMedia = types.some((type) => TYPES.has(type));
    const [content, embed] = [addressOf(node, CONTENT), addressOf(node, EMBED)];
    // Of another thing, such as a product, but no picture of it.
    const isOfMedia =
      isMedia || (looksLikeMedia(content.split(/[?#]/, 1)[0] ?? '') && !types.includes('imageobject'));
    if (content !== '' && isOfMedia) found.push({ name, address: content, isPage: false });
    if (embed !== '' && isMedia) found.push({ name, address: embed, isPage: true });
  }
  for (const inner of Object.values(value)) visit(inner, found, depth + 1);
}

/** Empty for what is no text: one of lists in lists would take more stack than there is to become one. */
function typeNamed(type: unknown): string {
  return typeof type === 'string' ? type.replace(VOCABULARY, '').toLowerCase() : '';
}

/** Empty = there is none. */
function addressOf(node: Record<string, unknown>, names: readonly string[]): string {
  const [given] = [node[names.find((name) => Object.hasOwn(node, name)) ?? '']].flat();
  const value =
    typeof given === 'object' && given !== null ? (given as Record<string, unknown>)['@id'] : given;
  return typeof value === 'string' ? withoutEntities(value).trim() : '';
}
