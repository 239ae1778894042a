import type { Attributes } from './tags.ts';

/** Of the picture, as a source's attributes or its name say; null = they do not. */
export function heightOf(attributes: Attributes, { pathname }: URL): number | null {
  for (const name of ['size', 'res', 'data-res', 'data-quality', 'height', 'label']) {
    const match = /^\s*(\d{3,4})p?\s*$/i.exec(attributes.get(name) ?? '');
    if (match) return Number(match[1]);
  }
  const inName = /(?:^|\D)(\d{3,4})p(?:\D|$)/i.exec(pathname);
  return inName ? Number(inName[1]) : null;
}
