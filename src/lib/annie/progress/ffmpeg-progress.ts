/**
 * `ffmpeg -progress`: blocks of `name=value` lines that end in `progress=continue` or `progress=end`.
 * `out_time_ms` counts microseconds, as `out_time_us` does. A block is written at once, so nearly always a chunk
 * holds whole lines; only a line that a chunk boundary cuts is copied.
 */
import { startsWith, toBytes } from './bytes.ts';
import { readDecimal } from './decimal.ts';
import type { Run } from './run.ts';
import { createValues } from './sample.ts';
import type { ByteStream } from './sink.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CR = 13;
const LF = 10;
const NINE = 57;
const SPACE = 32;
const ZERO = 48;
const END = 0;
const OUT_TIME = 8;
const RECEIVED = 2;
const SPEED_FACTOR = 9;

const TOTAL_SIZE = toBytes('total_size=');
const OUT_TIME_US = toBytes('out_time_us=');
const SPEED = toBytes('speed=');
const CONTINUE = toBytes('progress=continue');
const FINISH = toBytes('progress=end');
const LOWER_O = 111;
const LOWER_P = 112;
const LOWER_S = 115;
const LOWER_T = 116;
/** Names are ffmpeg's own and values are numbers; a longer line is something else. */
const LONGEST_LINE = 256;

export class FfmpegProgressStream implements ByteStream {
  private readonly run: Run;
  private readonly fd: 1 | 2;
  private readonly values = createValues();
  /** A cut line's beginning, then a zero, where every reader stops. */
  private readonly carry = Buffer.alloc(LONGEST_LINE + 1);
  private carried = 0;
  private base = 0;
  /** Something of the block was read. */
  private inBlock = false;

  constructor(run: Run, fd: 1 | 2) {
    this.run = run;
    this.fd = fd;
  }

  push(chunk: Uint8Array): void {
    const n = chunk.length;
    let i = 0;
    if (this.carried > 0) {
      while (i < n && chunk[i] !== LF) i++;
      this.keep(chunk, 0, i);
      if (i < n) {
        this.line(this.carry, 0, this.carried, this.base + i - this.carried);
        this.carried = 0;
        i++;
      }
    }
    while (i < n) {
      let end = i;
      while (end < n && chunk[end] !== LF) end++;
      if (end === n) this.keep(chunk, i, n);
      else this.line(chunk, i, end, this.base + i);
      i = end + 1;
    }
    this.base += n;
  }

  end(): void {
    if (this.carried > 0) this.line(this.carry, 0, this.carried, this.base - this.carried);
    this.carried = 0;
  }

  /** The line `[i, end)`, which begins at the stream's byte `offset`. */
  private line(b: Uint8Array, i: number, end: number, offset: number): void {
    const { values } = this;
    const c = b[i];
    if (c === LOWER_T) {
      if (!startsWith(b, i, TOTAL_SIZE)) return;
      readValue(b, i + TOTAL_SIZE.length, values, RECEIVED);
      this.inBlock = true;
    } else if (c === LOWER_O) {
      if (!startsWith(b, i, OUT_TIME_US)) return;
      readValue(b, i + OUT_TIME_US.length, values, OUT_TIME);
      values[OUT_TIME] = values[OUT_TIME]! / 1_000_000;
      this.inBlock = true;
    } else if (c === LOWER_S) {
      if (startsWith(b, i, SPEED)) readValue(b, i + SPEED.length, values, SPEED_FACTOR);
    } else if (c === LOWER_P) {
      const length = b[end - 1] === CR ? end - 1 - i : end - i;
      const more = length === CONTINUE.length && startsWith(b, i, CONTINUE);
      if (!more && !(length === FINISH.length && startsWith(b, i, FINISH))) return;
      if (this.inBlock) {
        values[END] = offset + length;
        this.run.sample(this.fd, values);
      }
      this.inBlock = false;
      values[RECEIVED] = values[OUT_TIME] = values[SPEED_FACTOR] = NaN;
    }
  }

  private keep(b: Uint8Array, i: number, end: number): void {
    let to = this.carried;
    for (; i < end && to < LONGEST_LINE; i++) this.carry[to++] = b[i]!;
    this.carry[to] = 0;
    this.carried = to;
  }
}

/** A number after blanks; `N/A` and times below zero are not known. */
function readValue(b: Uint8Array, i: number, out: Float64Array, slot: number): void {
  while (b[i] === SPACE) i++;
  const c = b[i]!;
  if (!(c >= ZERO && c <= NINE) || readDecimal(b, i, out, slot) < 0) out[slot] = NaN;
}
