/**
 * The media that a page names for those who share it (https://ogp.me/#structured, arrays): each `og:video` begins one, and its
 * type, which some pages have before it, tells a file from a page with a player. Pure.
 */
import { looksLikeMedia } from '../../protocol/extension.ts';

interface Shared {
  addresses: string[];
  type: string | null;
}

const NAME = /^og:(?:video|audio)(:url|:secure_url|:type)?$/;
const MAX_SHARED = 50;

export class OpenGraph {
  readonly #shared: Shared[] = [];
  /** Of a type that comes before what it is of. */
  #nextType: string | null = null;

  /** @returns whether the property is one of these */
  add(name: string, content: string): boolean {
    const found = NAME.exec(name);
    if (!found) return false;
    const last = this.#shared.at(-1);
    const [, part = ''] = found;
    if (part === ':type') {
      if (last === undefined || last.type !== null) this.#nextType = content;
      else last.type = content;
    } else if (part === ':secure_url' && last) last.addresses.push(content);
    else if (part === ':url' && last?.addresses.includes(content)) return true;
    else if (this.#shared.length < MAX_SHARED) {
      this.#shared.push({ addresses: [content], type: this.#nextType });
      this.#nextType = null;
    }
    return true;
  }

  /** @returns addresses of media, and of pages with a player */
  end(): { media: string[]; pages: string[] } {
    const [media, pages] = [new Set<string>(), new Set<string>()];
    for (const { addresses, type } of this.#shared) {
      const isFile = (address: string): boolean => looksLikeMedia(address.split(/[?#]/, 1)[0] ?? '');
      const isPage = type === null ? !addresses.some(isFile) : /html/i.test(type);
      const isPlayed = type === null || /^(video|audio|application\/(?!x-shockwave))/i.test(type);
      const [first] = addresses;
      if (isPage) for (const address of addresses) pages.add(address);
      else if (isPlayed && first !== undefined) media.add(addresses.find(isFile) ?? first);
      else for (const address of addresses.filter(isFile)) media.add(address);
    }
    return { media: [...media], pages: [...pages] };
  }
}
