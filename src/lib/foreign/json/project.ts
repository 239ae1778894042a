/**
 * Of a JSON text only what is wanted, in one pass over its bytes. What is not wanted is passed over without being made, so
 * time and memory follow the text's length, whatever is in it. `JSON.parse` makes everything and cannot be ended before it
 * is done: 64 MB of `{}` took over 90 s, at the memory limit of its thread and past every deadline.
 *
 * Only what is wanted is checked to be JSON; of the rest quotes and brackets have to fit.
 */

/** What is wanted of a value. What turns out to be of another kind comes as it is if it is a scalar, else empty. */
export type Shape =
  /** A text, number, boolean or null. */
  | 'scalar'
  /** The first `most` of a list. */
  | { list: Shape; most: number }
  | { fields: Readonly<Record<string, Shape>> }
  /** The first `most` fields of an object, whatever their names. */
  | { record: Shape; most: number };

export interface ProjectionLimits {
  /** Values that may be made. */
  values: number;
  /** Bytes of a text; a longer one comes as null. */
  text: number;
}

export interface Projection {
  value: unknown;
  /** Where an object that was asked for by `fields` stands in the text. */
  rangeOf: (object: object) => [start: number, end: number] | null;
}

/** The text is no JSON where it was read. */
export class NotJson extends Error {}
/** More is wanted of the text than the limits allow. */
export class TooManyValues extends Error {}

/**
 * @param at where in the bytes the value begins; nothing but blanks may follow it
 * @throws NotJson, TooManyValues
 */
export function project(bytes: Buffer, shape: Shape, limits: ProjectionLimits, at = 0): Projection {
  const reader = new Reader(bytes, limits, at);
  const value = reader.value(shape);
  reader.end();
  return { value, rangeOf: (object) => reader.ranges.get(object) ?? null };
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Longer than any number that is not somebody's joke. */
const MAX_SCALAR_BYTES = 400;
/** Longer than any name that is asked for. */
const MAX_NAME_BYTES = 64;

class Reader {
  readonly ranges = new Map<object, [number, number]>();
  readonly #bytes: Buffer;
  readonly #limits: ProjectionLimits;
  #at: number;
  #made = 0;

  constructor(bytes: Buffer, limits: ProjectionLimits, at: number) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#at = at;
  }

  value(shape: Shape): unknown {
    if (++this.#made > this.#limits.values) throw new TooManyValues();
    const c = this.#next();
    if (c === OPEN_LIST) {
      if (typeof shape === 'object' && 'list' in shape) return this.#list(shape.list, shape.most);
      this.#skip();
      return [];
    }
    if (c === OPEN_OBJECT) {
      if (typeof shape === 'object' && 'fields' in shape) return this.#fields(shape.fields);
      if (typeof shape === 'object' && 'record' in shape) return this.#record(shape.record, shape.most);
      this.#skip();
      return {};
    }
    return c === QUOTE ? this.#text() : this.#scalar();
  }

  end(): void {
    if (this.#next() !== undefined) throw new NotJson();
  }

  #list(shape: Shape, most: number): unknown[] {
    const items: unknown[] = [];
    this.#each(CLOSE_LIST, () => {
      if (items.length < most) items.push(this.value(shape));
      else this.#skip();
    });
    return items;
  }

  #fields(shapes: Readonly<Record<string, Shape>>): object {
    const start = this.#at;
    const object: Record<string, unknown> = {};
    this.#each(CLOSE_OBJECT, () => {
      const name = this.#name(MAX_NAME_BYTES);
      if (name !== null && Object.hasOwn(shapes, name)) object[name] = this.value(shapes[name] as Shape);
      else this.#skip();
    });
    this.ranges.set(object, [start, this.#at]);
    return object;
  }

  #record(shape: Shape, most: number): object {
    // No name is special in it: `__proto__` is one as any.
    const object = Object.create(null) as Record<string, unknown>;
    let count = 0;
    this.#each(CLOSE_OBJECT, () => {
      const name = this.#name(this.#limits.text);
      if (name !== null && count++ < most) object[name] = this.value(shape);
      else this.#skip();
    });
    return object;
  }

  /** What stands between commas, up to the bracket that closes it. */
  #each(close: number, one: () => void): void {
    this.#at++;
    if (this.#next() === close) {
      this.#at++;
      return;
    }
    for (;;) {
      one();
      const c = this.#next();
      this.#at++;
      if (c === close) return;
      if (c !== COMMA) throw new NotJson();
    }
  }

  /** With its colon. Null for one that is longer. */
  #name(maxBytes: number): string | null {
    if (this.#next() !== QUOTE) throw new NotJson();
    const start = this.#at;
    this.#skipText();
    const name = this.#at - start - 2 > maxBytes ? null : this.#textIn(start, this.#at);
    if (this.#next() !== COLON) throw new NotJson();
    this.#at++;
    return name;
  }

  #text(): string | null {
    const start = this.#at;
    this.#skipText();
    return this.#at - start - 2 > this.#limits.text ? null : this.#textIn(start, this.#at);
  }

  /** `[start, end)` with its quotes. */
  #textIn(start: number, end: number): string {
    const text = this.#bytes.toString('utf8', start + 1, end - 1);
    return text.includes('\\') ? (parsed(`"${text}"`) as string) : text;
  }

  #scalar(): unknown {
    const start = this.#at;
    this.#skipScalar();
    if (this.#at - start > MAX_SCALAR_BYTES) return null;
    return parsed(this.#bytes.toString('latin1', start, this.#at));
  }

  /** The next byte that is no blank, where the reader then stands; undefined at the end. */
  #next(): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    while (isBlank(bytes[at])) at++;
    this.#at = at;
    return bytes[at];
  }

  /** Past the value that comes. */
  #skip(): void {
    const bytes = this.#bytes;
    let depth = 0;
    do {
      const c = this.#next();
      if (c === QUOTE) this.#skipText();
      else if (c === OPEN_LIST || c === OPEN_OBJECT) {
        depth++;
        this.#at++;
      } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) {
        depth--;
        this.#at++;
      } else if ((c === COMMA || c === COLON) && depth > 0) this.#at++;
      else this.#skipScalar();
    } while (depth > 0 && this.#at < bytes.length);
    if (depth !== 0) throw new NotJson();
  }

  #skipText(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (;;) {
      const c = bytes[at++];
      if (c === QUOTE) break;
      if (c === BACKSLASH) at++;
      if (c === undefined) throw new NotJson();
    }
    this.#at = at;
  }

  #skipScalar(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    while (at < bytes.length && !isMark(bytes[at]) && !isBlank(bytes[at])) at++;
    if (at === start) throw new NotJson();
    this.#at = at;
  }
}

function isBlank(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

function isMark(c: number | undefined): boolean {
  return (
    c === COMMA ||
    c === COLON ||
    c === CLOSE_LIST ||
    c === CLOSE_OBJECT ||
    c === OPEN_LIST ||
    c === OPEN_OBJECT ||
    c === QUOTE
  );
}

/** Of a few hundred characters at most, or one text. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new NotJson();
  }
}
