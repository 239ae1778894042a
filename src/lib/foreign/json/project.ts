/**
 * Parses only the wanted values of a JSON text, in one pass over its bytes. Others are skipped without being created, so
 * time and memory depend only on the length of the text. `JSON.parse` creates everything and cannot be interrupted: 64 MB
 * of `{}` took over 90 s, at the memory limit of its heap and past every deadline.
 *
 * Only wanted values are validated; of the others only quotes and brackets must match.
 */

/** What is wanted of a value. A value of another kind is returned as it is if it is a scalar, else empty. */
export type Shape =
  /** A text, number, boolean or null. */
  | 'scalar'
  /** The first `max` of a list. */
  | { list: Shape; max: number }
  | { fields: Readonly<Record<string, Shape>> }
  /** The first `max` fields of an object, whatever their names. */
  | { record: Shape; max: number };

interface ProjectionLimits {
  /** Values that may be created. */
  values: number;
  /** Bytes of a string; a longer one is null. */
  text: number;
}

export interface Projection {
  value: unknown;
  /** Where an object with wanted `fields` is in the text. */
  rangeOf: (object: object) => [start: number, end: number] | null;
}

/** The text is not JSON. */
export class NotJson extends Error {}
/** The text has more wanted values than the limits allow. */
export class TooManyValues extends Error {}

/**
 * @param at offset of the value in the bytes; only blanks may follow it
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
/** Longer than any sensible number. */
const MAX_SCALAR_BYTES = 400;
/** Longer than any wanted name. */
const MAX_NAME_BYTES = 64;

class Reader {
  readonly ranges = new Map<object, [number, number]>();
  readonly #bytes: Buffer;
  readonly #limits: ProjectionLimits;
  #at: number;
  #created = 0;

  constructor(bytes: Buffer, limits: ProjectionLimits, at: number) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#at = at;
  }

  value(shape: Shape): unknown {
    if (++this.#created > this.#limits.values) throw new TooManyValues();
    const c = this.#next();
    if (c === OPEN_LIST) {
      if (typeof shape === 'object' && 'list' in shape) return this.#list(shape.list, shape.max);
      this.#skip();
      return [];
    }
    if (c === OPEN_OBJECT) {
      if (typeof shape === 'object' && 'fields' in shape) return this.#fields(shape.fields);
      if (typeof shape === 'object' && 'record' in shape) return this.#record(shape.record, shape.max);
      this.#skip();
      return {};
    }
    return c === QUOTE ? this.#text() : this.#scalar();
  }

  end(): void {
    if (this.#next() !== undefined) throw new NotJson();
  }

  #list(shape: Shape, max: number): unknown[] {
    const items: unknown[] = [];
    this.#each(CLOSE_LIST, () => {
      if (items.length < max) items.push(this.value(shape));
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

  #record(shape: Shape, max: number): object {
    // Without a prototype, so that `__proto__` is an ordinary name.
    const object = Object.create(null) as Record<string, unknown>;
    let count = 0;
    this.#each(CLOSE_OBJECT, () => {
      const name = this.#name(this.#limits.text);
      if (name !== null && count++ < max) object[name] = this.value(shape);
      else this.#skip();
    });
    return object;
  }

  /** Calls `one` for each element, up to the closing bracket. */
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

  /** Reads a name and its colon. Null for a longer one. */
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

  /** @param start of the opening quote @param end after the closing one */
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

  /** Skips blanks and returns the next byte; undefined at the end. */
  #next(): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    while (isBlank(bytes[at])) at++;
    this.#at = at;
    return bytes[at];
  }

  /** Skips the next value. */
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

/** For a scalar: a few hundred characters at max, or one string. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new NotJson();
  }
}
