/**
 * The tags and the text of a page, in order, in one pass. This uses htmlparser2's tokenizer without its parser, whose stack of
 * open elements takes quadratic time (120 kB of open tags: 4 s). So HTML's rules for implied end tags are not applied;
 * `scan.ts` handles the few that it needs.
 */
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

export type Attributes = ReadonlyMap<string, string>;

/** A set of names, or what can tell. */
export interface KeptAttributes {
  has(name: string): boolean;
}

export interface TagHandler {
  /** `text` is only called while this is true. */
  readonly wantsText: boolean;
  /** `isEmpty`: the element has no content and no end tag. Names are in lower case. */
  opened(tag: string, attributes: Attributes, isEmpty: boolean): void;
  closed(tag: string): void;
  text(text: string): void;
}

/** https://html.spec.whatwg.org/#void-elements, and obsolete ones. */
const VOID = new Set(
  'area base basefont br col embed frame hr img input isindex keygen link meta param source track wbr'.split(
    ' ',
  ),
);
/** Foreign elements, in which `<title/>` is self-closing and `<style>` is an ordinary tag. */
const FOREIGN = new Set(['svg', 'math']);
/** Elements within foreign ones whose content is HTML. */
const INTEGRATION = new Set(['foreignobject', 'desc', 'annotation-xml']);
/** Tags that end all foreign elements (https://html.spec.whatwg.org/#parsing-main-inforeign). */
const BREAKOUT = new Set(
  'audio body div dl h1 h2 h3 h4 h5 h6 head hr img li p span table ul video'.split(' '),
);
/** Deeper contexts are ignored. */
const MAX_CONTEXTS = 64;

/**
 * @param kept names of the attributes to read, in lower case
 * @param options `isXml`: any element may be empty, and none always is
 */
export function readTags(
  html: string,
  kept: KeptAttributes,
  handler: TagHandler,
  { isXml = false }: { isXml?: boolean } = {},
): void {
  const tokenizer = new Tokenizer({ xmlMode: isXml }, new TagReader(html, kept, handler, isXml));
  tokenizer.write(html);
  tokenizer.end();
}

class TagReader implements TokenizerCallbacks {
  readonly #html: string;
  readonly #kept: KeptAttributes;
  readonly #handler: TagHandler;
  readonly #isXml: boolean;
  #contexts: string[] = [];
  #tag = '';
  #attributes = new Map<string, string>();
  /** Of the current attribute; null = it is not kept. */
  #name: string | null = null;
  #value = '';

  constructor(html: string, kept: KeptAttributes, handler: TagHandler, isXml: boolean) {
    this.#html = html;
    this.#isXml = isXml;
    this.#kept = kept;
    this.#handler = handler;
  }

  isInForeignContext(): boolean {
    return FOREIGN.has(this.#contexts.at(-1) ?? '');
  }

  ontext(start: number, end: number): void {
    if (this.#handler.wantsText) this.#handler.text(this.#html.slice(start, end));
  }

  ontextentity(codePoint: number): void {
    if (this.#handler.wantsText) this.#handler.text(String.fromCodePoint(codePoint));
  }

  onopentagname(start: number, end: number): void {
    this.#tag = this.#html.slice(start, end).toLowerCase();
    if (BREAKOUT.has(this.#tag) && this.isInForeignContext()) this.#contexts = [];
    this.#attributes = new Map();
  }

  onattribname(start: number, end: number): void {
    const name = this.#html.slice(start, end).toLowerCase();
    // Of two attributes with one name the first counts.
    this.#name = this.#kept.has(name) && !this.#attributes.has(name) ? name : null;
    this.#value = '';
  }

  onattribdata(start: number, end: number): void {
    if (this.#name !== null) this.#value += this.#html.slice(start, end);
  }

  onattribentity(codePoint: number): void {
    if (this.#name !== null) this.#value += String.fromCodePoint(codePoint);
  }

  onattribend(): void {
    if (this.#name !== null) this.#attributes.set(this.#name, this.#value);
    this.#name = null;
  }

  onopentagend(): void {
    const tag = this.#nameOf(this.#tag);
    if (this.#isXml) return this.#handler.opened(tag, this.#attributes, false);
    const isEmpty = VOID.has(tag);
    const opensContext = FOREIGN.has(tag) || (INTEGRATION.has(tag) && this.#contexts.length > 0);
    if (opensContext && this.#contexts.length < MAX_CONTEXTS) this.#contexts.push(tag);
    this.#handler.opened(tag, this.#attributes, isEmpty);
  }

  onselfclosingtag(): void {
    if (this.#isXml || FOREIGN.has(this.#tag) || this.isInForeignContext())
      this.#handler.opened(this.#nameOf(this.#tag), this.#attributes, true);
    else this.onopentagend();
  }

  onclosetag(start: number, end: number): void {
    const tag = this.#html.slice(start, end).toLowerCase();
    if (VOID.has(tag) && !this.#isXml) return;
    if (this.#contexts.at(-1) === tag) this.#contexts.pop();
    this.#handler.closed(this.#nameOf(tag));
  }

  /** The title of a drawing is not that of the page. */
  #nameOf(tag: string): string {
    return tag === 'title' && this.isInForeignContext() ? 'svg:title' : tag;
  }

  oncomment(): void {}
  oncdata(start: number, end: number, endOffset: number): void {
    if (this.#isXml && this.#handler.wantsText) this.#handler.text(this.#html.slice(start, end - endOffset));
  }
  ondeclaration(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}
}
