/** The links of a page: to media, and to the files of a folder. Pure. */
import { looksLikeMedia } from '../../protocol/extension.ts';
import { MAX_TEXT_CHARS } from '../limits.ts';
import { cleanText } from './clean-text.ts';
import { type ElementPolicy, policyOf } from './element-policy.ts';
import { isFolderIndex, isListedFile, NamedLinks } from './folder-index.ts';
import type { PageGroup } from './groups.ts';
import type { Attributes } from './tags.ts';

interface OpenLink {
  /** As written. */
  href: string;
  /** Null = it does not look like media. */
  address: URL | null;
  /** The page says that it is a file to be saved. */
  isSaved: boolean;
  text: string;
  depth: number;
  policy: ElementPolicy;
}

const MAX_SAVED = 50;

export class PageLinks {
  readonly #media: PageGroup[] = [];
  /** Links to be saved (`download`), whatever they lead to: listed if there is no media. */
  readonly #saved: PageGroup[] = [];
  readonly #named = new NamedLinks();
  readonly #resolve: (href: string) => URL | null;
  #open: OpenLink | null = null;

  /** @param resolve null for an address that may not be fetched */
  constructor(resolve: (href: string) => URL | null) {
    this.#resolve = resolve;
  }

  get wantsText(): boolean {
    return this.#open !== null;
  }

  /** Links cannot be nested, so an open one ends. */
  open(attributes: Attributes, title: string, base: URL): void {
    this.end();
    const href = attributes.get('href')?.trim() ?? '';
    const policy = policyOf(attributes);
    if (isFolderIndex(title)) {
      const address = this.#resolve(href);
      if (address !== null && isListedFile(address, base)) this.#media.push(groupOf(address, policy));
      return;
    }
    // Most links do not lead to media, which shows before they are resolved.
    const names = [
      href.split(/[?#;]/, 1)[0] ?? '',
      nameInQuery(href),
      attributes.get('download')?.trim() ?? '',
    ];
    const address = names.some(looksLikeMedia) ? this.#resolve(href) : null;
    const isSaved = attributes.has('download');
    this.#open = { href, address, isSaved, text: '', depth: 0, policy };
  }

  /** An element within the open link. */
  deeper(): void {
    if (this.#open) this.#open.depth++;
  }

  /** The end of an element: of the link, or of one that it is in, if none is open in it. */
  closed(tag: string): void {
    if (this.#open && (this.#open.depth-- <= 0 || tag === 'a')) this.end();
  }

  text(text: string): void {
    if (this.#open && this.#open.text.length < MAX_TEXT_CHARS) this.#open.text += text;
  }

  end(): void {
    const link = this.#open;
    this.#open = null;
    if (link === null) return;
    this.#named.add(link.href, link.text);
    const address =
      link.address ?? (link.isSaved && this.#saved.length < MAX_SAVED ? this.#resolve(link.href) : null);
    if (address === null) return;
    const group: PageGroup = { ...groupOf(address, link.policy), title: cleanText(link.text), isLink: true };
    (link.address === null ? this.#saved : this.#media).push(group);
  }

  /** @param isAll there is nothing else on the page: what its list of files names counts too */
  groups(base: URL, isAll: boolean): PageGroup[] {
    if (!isAll) return this.#media;
    const listed = this.#named.hrefs.flatMap((href) => this.#resolve(href) ?? []);
    return [
      ...this.#media,
      ...(this.#media.length === 0 ? this.#saved : []),
      ...listed.filter((address) => isListedFile(address, base)).map((each) => groupOf(each)),
    ];
  }
}

/** Of a program on the same server, which is given the bare name of a file: `get.php?file=talk.mp4`. */
function nameInQuery(href: string): string {
  if (/^(?:[a-z][\w+.-]{0,20}:|[\\/]{2})/i.test(href)) return '';
  const [, query = ''] = href.slice(0, 2048).split('?', 2);
  const values =
    query
      .split('#', 1)[0]
      ?.split('&', 20)
      .map((each) => each.slice(each.indexOf('=') + 1)) ?? [];
  return values.find((each) => /^[^/:\\%?]+$/.test(each) && looksLikeMedia(each)) ?? '';
}

function groupOf({ href }: URL, policy: ElementPolicy = {}): PageGroup {
  return { ...policy, title: null, sources: [{ url: href, label: null, height: null }] };
}
