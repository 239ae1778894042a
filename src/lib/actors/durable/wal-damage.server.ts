/**
 * Whether a WAL was damaged in what it holds. Each of its frames has a checksum that continues that of the one before, so
 * SQLite takes a frame that does not fit for the end, as it is after a power cut, and what was acknowledged behind it is
 * gone without a word: https://sqlite.org/fileformat.html#walformat
 */
import fs from 'node:fs';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The last bit says in which order the bytes of a word are summed. */
const MAGIC = 0x377f0682;
/** Frames that are read at once: a MiB, for most. */
const READ_FRAMES = 256;

type Sum = readonly [number, number];

/**
 * Whether behind a frame that does not fit there is what is only written when it did: each commit is synced before the next
 * one begins, so two commits. Where only a process has died, a commit in a later frame is enough. What is damaged in the
 * last frame is not noticed: a kill between the two writes of a frame looks the same.
 * @param isSameBoot the machine has run since the WAL was written to, without an error of its disk
 * @throws the file system's own
 */
export function isWalDamaged(wal: string, isSameBoot: boolean): boolean {
  const bytes = fs.statSync(wal, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= HEADER_BYTES) return false;
  const descriptor = fs.openSync(wal, 'r');
  try {
    const head = read(descriptor, 0, HEADER_BYTES);
    const chain = Chain.of(head);
    if (chain === null) return hasFrames(descriptor, bytes);
    const broken = new BrokenFrames(isSameBoot);
    for (const frame of frames(descriptor, bytes, pageBytesOf(head)))
      if (!chain.continuesWith(frame) && broken.proves(frame, chain.isOwn(frame))) return true;
    return false;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The frames as far as they fit. */
class Chain {
  readonly #salts: Buffer;
  readonly #isLittleEndian: boolean;
  #sum: Sum;
  #isBroken = false;

  private constructor(salts: Buffer, isLittleEndian: boolean, sum: Sum) {
    this.#salts = salts;
    this.#isLittleEndian = isLittleEndian;
    this.#sum = sum;
  }

  /** null = the header is damaged. */
  static of(head: Buffer): Chain | null {
    const magic = head.readUInt32BE(0);
    const isLittleEndian = magic === MAGIC;
    if ((magic & ~1) !== MAGIC) return null;
    const sum = summed([0, 0], head.subarray(0, 24), isLittleEndian);
    return isSum(sum, head, 24) ? new Chain(head.subarray(16, 24), isLittleEndian, sum) : null;
  }

  /** Written since the WAL was begun anew last: behind these lie older ones. */
  isOwn(frame: Buffer): boolean {
    return frame.subarray(8, 16).equals(this.#salts);
  }

  continuesWith(frame: Buffer): boolean {
    if (this.#isBroken) return false;
    const head = summed(this.#sum, frame.subarray(0, 8), this.#isLittleEndian);
    this.#sum = summed(head, frame.subarray(FRAME_HEADER_BYTES), this.#isLittleEndian);
    this.#isBroken = !this.isOwn(frame) || !isSum(this.#sum, frame, 16);
    return !this.#isBroken;
  }
}

/** What is found from the first frame on that does not fit. */
class BrokenFrames {
  readonly #isSameBoot: boolean;
  #commits = 0;
  #frames = 0;

  constructor(isSameBoot: boolean) {
    this.#isSameBoot = isSameBoot;
  }

  /** Whether this frame shows that the first of them was whole once. */
  proves(frame: Buffer, isOwn: boolean): boolean {
    const isFirst = this.#frames === 0;
    this.#frames += 1;
    // A killed process leaves no zeros.
    if (this.#isSameBoot && isFirst && isBlank(frame)) return true;
    if (!isOwn || !isCommit(frame)) return false;
    this.#commits += 1;
    return this.#commits === 2 || (this.#isSameBoot && !isFirst);
  }
}

/** The header is synced before the first frame is written, and smaller than what a disk writes at once. */
function hasFrames(descriptor: number, bytes: number): boolean {
  return (
    bytes >= HEADER_BYTES + FRAME_HEADER_BYTES && !isBlank(read(descriptor, HEADER_BYTES, FRAME_HEADER_BYTES))
  );
}

function isBlank(frame: Buffer): boolean {
  return frame.subarray(0, FRAME_HEADER_BYTES).every((byte) => byte === 0);
}

function* frames(descriptor: number, bytes: number, pageBytes: number): Iterable<Buffer> {
  const length = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + length <= bytes;) {
    const count = Math.min(READ_FRAMES, Math.floor((bytes - at) / length));
    const some = read(descriptor, at, count * length);
    for (let each = 0; each < count; each += 1) yield some.subarray(each * length, (each + 1) * length);
    at += count * length;
  }
}

function read(descriptor: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  fs.readSync(descriptor, buffer, 0, bytes, at);
  return buffer;
}

function pageBytesOf(head: Buffer): number {
  return head.readUInt32BE(8);
}

/** The size of the store after it; 0 = more frames of the same commit follow. */
function isCommit(frame: Buffer): boolean {
  return frame.readUInt32BE(4) !== 0;
}

function isSum([a, b]: Sum, bytes: Buffer, at: number): boolean {
  return bytes.readUInt32BE(at) === a && bytes.readUInt32BE(at + 4) === b;
}

/** 4 ms a MiB. */
function summed([first, second]: Sum, bytes: Buffer, isLittleEndian: boolean): Sum {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + words.getUint32(at, isLittleEndian) + b) >>> 0;
    b = (b + words.getUint32(at + 4, isLittleEndian) + a) >>> 0;
  }
  return [a, b];
}
