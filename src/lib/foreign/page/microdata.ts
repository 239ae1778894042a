/** The media that a page's microdata names (https://schema.org/VideoObject). Pure. */
import type { Attributes } from './tags.ts';

/** Deeper items are ignored. */
const MAX_DEPTH = 64;

export class Microdata {
  /** The open items. `count`: open elements of that name, its own included. */
  readonly #items: { type: string; tag: string; count: number }[] = [];

  /** @param count open elements of that name @returns the address that the element names; undefined = none */
  opened(tag: string, attributes: Attributes, isEmpty: boolean, count: number): string | undefined {
    const type = attributes.get('itemtype');
    if (type !== undefined && !isEmpty && this.#items.length < MAX_DEPTH)
      this.#items.push({ type, tag, count });
    const names = attributes.get('itemprop')?.toLowerCase().split(/\s+/, 16) ?? [];
    const of = type ?? this.#items.at(-1)?.type ?? '';
    if (!names.includes('contenturl') || /ImageObject/i.test(of)) return undefined;
    return attributes.get('content') ?? attributes.get('href') ?? attributes.get('src');
  }

  /** @param count as before the end tag */
  closed(tag: string, count: number): void {
    const at = this.#items.findIndex((item) => item.tag === tag && item.count >= count);
    if (at !== -1) this.#items.length = at;
  }
}
