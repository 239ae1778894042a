/**
 * Plain data on a pipe: its bytes follow it as they are, so that neither side copies or visits them to write or read the
 * rest. Read in pieces, which are no longer than a turn of the main thread may be.
 */
import { Deserializer, Serializer } from 'node:v8';
import { isMarkedAsUntransferable } from 'node:worker_threads';

/** The arrays that an input or an output may hold. */
const ARRAYS = [Uint8Array, Int32Array, Uint32Array, Float64Array] as const;
/** Of a length, in the table before the data. */
const WORD = 4;
/** An input has some 64 chunks; an output has the info JSON of each item. */
const MAX_PARTS = 100_000;

/** Leaves the bytes of arrays out, and puts them aside. */
class PartingSerializer extends Serializer {
  readonly arrays: NodeJS.ArrayBufferView[] = [];

  constructor() {
    super();
    (
      this as unknown as { _setTreatArrayBufferViewsAsHostObjects(yes: boolean): void }
    )._setTreatArrayBufferViewsAsHostObjects(true);
  }

  _writeHostObject(array: NodeJS.ArrayBufferView): void {
    const kind = ARRAYS.findIndex((each) => array instanceof each);
    if (kind < 0) throw new TypeError('There is no such array in a message.');
    this.writeUint32(kind);
    this.writeUint32(this.arrays.push(array) - 1);
  }
}

class JoiningDeserializer extends Deserializer {
  readonly #parts: readonly Uint8Array[];

  constructor(data: Uint8Array, parts: readonly Uint8Array[]) {
    super(data as Buffer);
    this.#parts = parts;
  }

  _readHostObject(): NodeJS.ArrayBufferView {
    const of = ARRAYS[this.readUint32()];
    const part = this.#parts[this.readUint32()];
    if (of === undefined || part === undefined) throw new RangeError('The message is damaged.');
    return new of(part.buffer as ArrayBuffer, 0, part.byteLength / of.BYTES_PER_ELEMENT);
  }
}

/** @param takes the bytes: their buffers are empty afterwards @returns what has to be written, in order */
export function encodeMessage(value: unknown, takes = false): Uint8Array[] {
  const serializer = new PartingSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  const data = serializer.releaseBuffer();
  const parts = takes ? takeBytes(serializer.arrays) : serializer.arrays.map(bytesOf);
  const table = Uint32Array.from([data, parts, ...parts], ({ length }) => length);
  return [bytesOf(table), data, ...parts];
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function takeBytes(arrays: readonly NodeJS.ArrayBufferView[]): Uint8Array[] {
  const taken = new Map<ArrayBufferLike, ArrayBuffer>();
  // Before any is taken: a taken array has no length any more.
  const places = arrays.map(({ buffer, byteOffset, byteLength }) => ({ buffer, byteOffset, byteLength }));
  return places.map(({ buffer, byteOffset, byteLength }) => {
    // Node's own, of which small Buffers are pieces.
    if (isMarkedAsUntransferable(buffer)) return new Uint8Array(buffer, byteOffset, byteLength).slice();
    const own = taken.get(buffer) ?? (buffer as ArrayBuffer).transfer();
    taken.set(buffer, own);
    return new Uint8Array(own, byteOffset, byteLength);
  });
}

/** One message that arrives in pieces of any length. */
export class IncomingMessage {
  readonly #maxBytes: number;
  /** What is being filled, each after the one before. */
  #blocks: Uint8Array[] = [new Uint8Array(2 * WORD)];
  #table: Uint32Array | null = null;
  #isSized = false;
  #block = 0;
  #at = 0;

  /** @param maxBytes of the whole: the other side may be anybody */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Where the next bytes belong; empty = the message is complete. */
  get space(): Uint8Array {
    return this.#blocks[this.#block]?.subarray(this.#at) ?? new Uint8Array();
  }

  /** `length` bytes were written at the beginning of `space`. @throws RangeError it would be too long */
  filled(length: number): void {
    this.#at += length;
    while (
      this.#block < this.#blocks.length &&
      this.#at === (this.#blocks[this.#block] as Uint8Array).length
    ) {
      this.#block++;
      this.#at = 0;
      if (this.#block === this.#blocks.length) this.#grow();
    }
  }

  /** Of a complete message. @throws if it is damaged */
  value(): unknown {
    const [, , data = new Uint8Array(), ...parts] = this.#blocks;
    const deserializer = new JoiningDeserializer(data, parts);
    deserializer.readHeader();
    return deserializer.readValue();
  }

  /** Makes room for the table when the two words before it are there, and for the rest when the table is. */
  #grow(): void {
    const [words, table] = this.#blocks as [Uint8Array, Uint8Array?];
    this.#table ??= new Uint32Array(words.buffer);
    const [dataBytes = 0, count = 0] = this.#table;
    if (table === undefined) {
      if (count > MAX_PARTS) throw new RangeError('The message has too many parts.');
      this.#blocks.push(new Uint8Array(count * WORD));
    } else if (!this.#isSized) {
      this.#isSized = true;
      const lengths = [dataBytes, ...new Uint32Array(table.buffer)];
      if (lengths.reduce((sum, length) => sum + length, 0) > this.#maxBytes)
        throw new RangeError('The message is too long.');
      for (const length of lengths) this.#blocks.push(new Uint8Array(length));
    }
  }
}
