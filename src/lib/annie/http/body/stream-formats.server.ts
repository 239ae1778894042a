/** What is around the compressed streams of each content coding. */
import {
  crc32,
  createBrotliDecompress,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';
import type { Step, StreamDecoder, StreamFormat } from './serial-decoder.server.ts';

class CodingError extends Error {
  readonly code: 'Z_DATA_ERROR' | 'Z_BUF_ERROR';

  constructor(code: CodingError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

type GzipField = 'start' | 'extra' | 'text' | 'check' | 'trailer';

/**
 * Members (RFC 1952), each with a checksum and a size at its end. Node's own decoder takes what is behind the last one for a
 * broken member, and loses what came with it; browsers ignore it.
 */
class GzipFormat implements StreamFormat {
  /** What is to come before the next stream. */
  #fields: GzipField[] = ['start'];
  #members = 0;
  #crc = 0;
  #bytes = 0;

  next(bytes: Buffer): Step {
    const [field] = this.#fields;
    if (field === undefined) return { decoder: createInflateRaw() };
    switch (field) {
      case 'start':
        return this.#start(bytes);
      case 'extra':
        return bytes.length < 2 ? 'more' : this.#past(2 + bytes.readUInt16LE());
      case 'text': {
        const end = bytes.indexOf(0);
        return end === -1 ? { skip: bytes.length } : this.#past(end + 1);
      }
      case 'check':
        return this.#past(2);
      case 'trailer':
        return bytes.length < 8 ? 'more' : this.#compare(bytes);
    }
  }

  onDecoded(piece: Buffer): void {
    this.#crc = crc32(piece, this.#crc);
    this.#bytes += piece.length;
  }

  onStreamEnd(): void {
    this.#fields = ['trailer', 'start'];
  }

  end(): void {
    const isBetween = this.#members > 0 && this.#fields[0] === 'start';
    if (!isBetween) throw new CodingError('Z_BUF_ERROR', 'unexpected end of file');
  }

  #past(bytes: number): Step {
    this.#fields.shift();
    return { skip: bytes };
  }

  #start(bytes: Buffer): Step {
    const [first = 0x1f, second = 0x8b, method = 8, flags = 0] = bytes;
    if (first !== 0x1f || second !== 0x8b || method !== 8) {
      if (this.#members > 0) return 'junk';
      throw new CodingError('Z_DATA_ERROR', 'incorrect header check');
    }
    if (bytes.length < 10) return 'more';
    const optional: [flag: number, field: GzipField][] = [
      [4, 'extra'],
      [8, 'text'],
      [16, 'text'],
      [2, 'check'],
    ];
    this.#fields.push(...optional.filter(([flag]) => (flags & flag) !== 0).map(([, field]) => field));
    return this.#past(10);
  }

  #compare(bytes: Buffer): Step {
    const isSame = bytes.readUInt32LE() === this.#crc && bytes.readUInt32LE(4) === this.#bytes % 2 ** 32;
    if (!isSame) throw new CodingError('Z_DATA_ERROR', 'incorrect data check');
    this.#members++;
    this.#crc = this.#bytes = 0;
    return this.#past(8);
  }
}

const ZSTD_MAGIC = 0xfd2fb528;
/** Of 16 values: the last four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** Any number of frames, some of them to be skipped (RFC 8878, section 3.1). Node's decoder ends after the first one. */
class ZstdFormat implements StreamFormat {
  next(bytes: Buffer): Step {
    if (bytes.length < 4) return 'more';
    const magic = bytes.readUInt32LE();
    if (magic === ZSTD_MAGIC) return { decoder: createZstdDecompress() };
    if ((magic & 0xfffffff0) >>> 0 !== SKIPPABLE_MAGIC)
      throw new CodingError('Z_DATA_ERROR', 'not a frame of zstd');
    return bytes.length < 8 ? 'more' : { skip: 8 + bytes.readUInt32LE(4) };
  }

  end(bytes: Buffer): void {
    if (bytes.length > 0) throw new CodingError('Z_BUF_ERROR', 'unexpected end of file');
  }
}

/** A coding of one stream. What follows it is ignored. */
type SingleDecoder = (bytes: Buffer) => StreamDecoder;

class SingleFormat implements StreamFormat {
  readonly #decoderFor: SingleDecoder;
  #isOver = false;

  constructor(decoderFor: SingleDecoder) {
    this.#decoderFor = decoderFor;
  }

  next(bytes: Buffer): Step {
    return this.#isOver ? 'junk' : { decoder: this.#decoderFor(bytes) };
  }

  onStreamEnd(): void {
    this.#isOver = true;
  }
}

/**
 * The coding `deflate`: with the zlib wrapper that it has by RFC 9110 (section 8.4.1.2), or without, as some servers send it
 * and browsers read it.
 */
function deflateDecoder([first = 0, second]: Uint8Array): StreamDecoder {
  // Method 8, and a check that only one of 31 other beginnings passes (RFC 1950, section 2.2).
  const isWrapped = (first & 15) === 8 && (second === undefined || (first * 256 + second) % 31 === 0);
  return isWrapped ? createInflate() : createInflateRaw();
}

export const FORMATS: Readonly<Record<string, () => StreamFormat>> = {
  br: () => new SingleFormat(() => createBrotliDecompress()),
  deflate: () => new SingleFormat(deflateDecoder),
  gzip: () => new GzipFormat(),
  'x-gzip': () => new GzipFormat(),
  zstd: () => new ZstdFormat(),
};
