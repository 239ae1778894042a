/**
 * The tags and the text of a page, as they stand in it, in one pass: htmlparser2's tokenizer without its parser, whose list
 * of open elements makes it quadratic (120 kB of open tags: 4 s). What is left out of HTML's rules for that is who closes
 * whom; `scan.ts` needs little of it.
 */
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

export type Attributes = ReadonlyMap<string, string>;

export interface TagHandler {
  /** Text is only cut out while this is so. */
  readonly wantsText: boolean;
  /** `isEmpty`: nothing is in it, and no end tag belongs to it. Names are in lower case. */
  opened(tag: string, attributes: Attributes, isEmpty: boolean): void;
  closed(tag: string): void;
  text(text: string): void;
}

/** https://html.spec.whatwg.org/#void-elements, and the old ones. */
const VOID = new Set(
  'area base basefont br col embed frame hr img input isindex keygen link meta param source track wbr'.split(
    ' ',
  ),
);
/** In these `<title/>` ends at its slash, and `<style>` is a tag as any. */
const FOREIGN = new Set(['svg', 'math']);
/** In these, within the foreign ones, HTML goes on. */
const INTEGRATION = new Set(['foreignobject', 'desc', 'annotation-xml']);
/** Such a tag ends what is foreign, whatever is still open (https://html.spec.whatwg.org/#parsing-main-inforeign). */
const BREAKOUT = new Set(
  'audio body div dl h1 h2 h3 h4 h5 h6 head hr img li p span table ul video'.split(' '),
);
/** Deeper ones are not followed. */
const MAX_CONTEXTS = 64;

/** @param kept names of the attributes to read, in lower case */
export function readTags(html: string, kept: ReadonlySet<string>, handler: TagHandler): void {
  const tokenizer = new Tokenizer({}, new TagReader(html, kept, handler));
  tokenizer.write(html);
  tokenizer.end();
}

class TagReader implements TokenizerCallbacks {
  readonly #html: string;
  readonly #kept: ReadonlySet<string>;
  readonly #handler: TagHandler;
  #contexts: string[] = [];
  #tag = '';
  #attributes = new Map<string, string>();
  /** Of the attribute at hand; null = it is not kept. */
  #name: string | null = null;
  #value = '';

  constructor(html: string, kept: ReadonlySet<string>, handler: TagHandler) {
    this.#html = html;
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
    // Of two of one name the first counts.
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
    const tag = this.#tag;
    const isEmpty = VOID.has(tag);
    const opensContext = FOREIGN.has(tag) || (INTEGRATION.has(tag) && this.#contexts.length > 0);
    if (opensContext && this.#contexts.length < MAX_CONTEXTS) this.#contexts.push(tag);
    this.#handler.opened(tag, this.#attributes, isEmpty);
  }

  onselfclosingtag(): void {
    if (FOREIGN.has(this.#tag) || this.isInForeignContext())
      this.#handler.opened(this.#tag, this.#attributes, true);
    else this.onopentagend();
  }

  onclosetag(start: number, end: number): void {
    const tag = this.#html.slice(start, end).toLowerCase();
    if (VOID.has(tag)) return;
    if (this.#contexts.at(-1) === tag) this.#contexts.pop();
    this.#handler.closed(tag);
  }

  oncomment(): void {}
  oncdata(): void {}
  ondeclaration(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}
}
