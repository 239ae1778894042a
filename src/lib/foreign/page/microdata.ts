/** The media that a page's microdata names (https://schema.org/VideoObject). Pure. */
import type { Attributes } from './tags.ts';

/** Deeper items are ignored. */
const MAX_DEPTH = 64;

export interface NamedAddress {
  address: string;
  /** Of a page with a player. */
  isPage: boolean;
}

export class Microdata {
  /** The open items. `count`: open elements of that name, its own included. */
  readonly #items: { type: string; tag: string; count: number }[] = [];

  /** @param count open elements of that name @returns what the element names; null = nothing */
  opened(tag: string, attributes: Attributes, isEmpty: boolean, count: number): NamedAddress | null {
    const type = attributes.get('itemtype');
    if (type !== undefined && !isEmpty && this.#items.length < MAX_DEPTH)
      this.#items.push({ type, tag, count });
    // RDFa has the same vocabulary.
    const named = attributes.get('itemprop') ?? attributes.get('property') ?? '';
    const names = named
      .toLowerCase()
      .split(/\s+/, 16)
      .map((name) => name.replace(/^schema:/, ''));
    const of = type ?? this.#items.at(-1)?.type ?? '';
    const isPage = !names.includes('contenturl');
    if ((isPage && !names.includes('embedurl')) || /ImageObject/i.test(of)) return null;
    const address = ['content', 'href', 'src', 'data'].map((name) => attributes.get(name)).find(Boolean);
    return address === undefined ? null : { address, isPage };
  }

  /** @param count as before the end tag */
  closed(tag: string, count: number): void {
    const at = this.#items.findIndex((item) => item.tag === tag && item.count >= count);
    if (at !== -1) this.#items.length = at;
  }
}
