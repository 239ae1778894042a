/** Lists of the files of a folder, as servers make them. Pure. */
import { decodeText } from '../text.ts';

/** Their titles: Apache, nginx, lighttpd, Python, Jetty, Tomcat, IIS. */
const INDEX = /^\s*(?:index\s+of|directory listing|directory:|listing of|files within|\S+ - \/)/i;
/** The fewest files that distinguish a list from a page with a link or two. */
const MIN_FILES = 2;
const MAX_FILES = 5_000;

export function isFolderIndex(title: string): boolean {
  return INDEX.test(title);
}

/** A file of the folder that is listed: not its parent, a folder in it, or another order of the list. */
export function isListedFile(address: URL, { origin, pathname }: URL): boolean {
  const folder = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  const name = address.pathname.slice(folder.length);
  // Another order of the list is at the address of the folder.
  return address.origin === origin && address.pathname.startsWith(folder) && /^[^/]+$/.test(name);
}

/**
 * Links of a page without such a title, as Go, Caddy, darkhttpd and miniserve make it: a list if most of them show the name of
 * the file or folder that they lead to.
 */
export class NamedLinks {
  readonly #hrefs: string[] = [];
  #links = 0;
  #named = 0;

  /** @param text what the link shows */
  add(href: string, text: string): void {
    // Another order of the same list, and the folder above.
    if (href === '' || /^[?#]|^(?:\.{1,2}|\/)?\/?$/.test(href)) return;
    this.#links++;
    const [path = ''] = href.split(/[?#]/, 1);
    const name = path.replace(/\/$/, '').split('/').at(-1) ?? '';
    if (!isNameOf(text, name)) return;
    this.#named++;
    if (!path.endsWith('/') && this.#hrefs.length < MAX_FILES) this.#hrefs.push(href);
  }

  /** Of the files; empty when this is no list. */
  get hrefs(): readonly string[] {
    const isList = this.#hrefs.length >= MIN_FILES && this.#named * 4 >= this.#links * 3;
    return isList ? this.#hrefs : [];
  }
}

/** Some servers cut long names: `a-very-long-na..>`. */
function isNameOf(text: string, name: string): boolean {
  // Some show the size in the link, too.
  const [first = ''] = text.trim().split(/\s{2,}|\n|\s+(?=[\d.,]+\s?[kKMGT]?i?B\b)/, 1);
  const shown = first.replace(/\/$/, '');
  const start = shown.replace(/(?:\.\.+>?|…)$/, '');
  if (name === '' || start === '') return false;
  const plain = unescapedName(name);
  return (
    shown === plain || shown === name || (start !== shown && start.length > 8 && plain.startsWith(start))
  );
}

function unescapedName(name: string): string {
  if (!name.includes('%')) return name;
  const bytes = name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

  return /[^\0-\xff]/.test(bytes) ? bytes : decodeText([Buffer.from(bytes, 'latin1')], 'utf-8');
}
