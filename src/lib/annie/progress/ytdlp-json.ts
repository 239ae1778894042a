/**
 * yt-dlp's progress as JSON, one object a record, after whatever the template puts before `%(progress)j`:
 *
 *     {"status": "downloading", "downloaded_bytes": 11784403, "total_bytes": 15618348, "tmpfilename": "…", …}
 *
 * Exact numbers, and no text of the page but inside strings, which are walked by JSON's rules. `_percent` is
 * worked out as yt-dlp does it (100 × downloaded ÷ total), as it stands far behind what is needed.
 */
import { startsWith, toBytes } from './bytes.ts';
import { readDecimal } from './decimal.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CLOSE = 93;
const COLON = 58;
const LF = 10;
const MINUS = 45;
const NINE = 57;
const OPEN = 91;
const SPACE = 32;
const ZERO = 48;
const ESTIMATED = 10;
const ETA = 5;
const FINISHED = 11;
const FRAGMENT = 6;
const FRAGMENTS = 7;
const PERCENT = 1;
const RECEIVED = 2;
const SPEED = 4;
const TOTAL = 3;
const VALUES = 12;

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const BRACE = 123;
const BRACE_END = 125;
const LETTER_D = 100;
const LETTER_F = 102;

/** The keys that are read, and the slot of each; the length is looked at first. */
const STATUS = toBytes('status"');
const DOWNLOADED = toBytes('downloaded_bytes"');
const TOTAL_BYTES = toBytes('total_bytes"');
const ESTIMATE = toBytes('total_bytes_estimate"');
const ETA_KEY = toBytes('eta"');
const SPEED_KEY = toBytes('speed"');
const INDEX = toBytes('fragment_index"');
const COUNT = toBytes('fragment_count"');
const STATUS_SLOT = VALUES;
const ESTIMATE_SLOT = VALUES + 1;
const SLOTS = VALUES + 2;

const RETRY = toBytes('[download] Got error');

export class YtDlpJsonReader {
  private readonly prefix: Uint8Array;
  private readonly slots = new Float64Array(SLOTS);
  /** Of the last object of each status: the last key that was wanted, as its number and its slot. */
  private readonly lastKey = new Int32Array(2);
  private readonly lastSlot = new Int32Array(2);

  /** `prefix`: what the template prints before the object. */
  constructor(prefix = '') {
    this.prefix = toBytes(prefix);
  }

  /**
   * Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit.
   * `lines`: records end in LF. Then the rest of one, once nothing more of it is wanted, is jumped over: no LF
   * stands within an object.
   */
  read(b: Uint8Array, i: number, n: number, out: Float64Array, lines: boolean): number {
    if (!startsWith(b, i, this.prefix)) return ~i;
    i += this.prefix.length;
    if (b[i] !== BRACE) return ~i;
    const { slots } = this;
    slots.fill(NaN);
    let keys = 0;
    let lastKey = 0;
    let lastSlot = 0;
    let jumped = false;
    for (;;) {
      // yt-dlp's keys hold no escapes.
      if (b[++i] !== QUOTE) return ~i;
      const key = ++i;
      while (b[i] !== QUOTE) {
        if (i >= n || b[i] === BACKSLASH) return ~i;
        i++;
      }
      if (b[++i] !== COLON) return ~i;
      while (b[++i] === SPACE);
      keys++;
      const slot = slotOf(b, key, i);
      if (slot < 0) {
        i = skipValue(b, i, n);
      } else {
        lastKey = keys;
        lastSlot = slot;
        i = slot === STATUS_SLOT ? readStatus(b, i, n, slots) : readNumber(b, i, n, slots, slot);
      }
      if (i < 0) return i;
      if (b[i] === BRACE_END) break;
      if (b[i] !== COMMA) return ~i;
      if (lines && slot >= 0 && this.isLast(keys, slot)) {
        const end = lineEnd(b, i, n);
        if (end > 0) {
          i = end;
          jumped = true;
          break;
        }
      }
      if (b[++i] !== SPACE) i--;
    }
    const status = slots[STATUS_SLOT];
    if ((status !== LETTER_D && status !== LETTER_F) || Number.isNaN(slots[RECEIVED]!)) return ~i;
    const finished = status === LETTER_F;
    if (!jumped) {
      this.lastKey[finished ? 1 : 0] = lastKey;
      this.lastSlot[finished ? 1 : 0] = lastSlot;
    }
    this.finish(out, finished);
    return i + 1;
  }

  glue(b: Uint8Array, i: number): boolean {
    return startsWith(b, i, RETRY);
  }

  private isLast(keys: number, slot: number): boolean {
    const which = this.slots[STATUS_SLOT] === LETTER_F ? 1 : 0;
    return this.lastKey[which] === keys && this.lastSlot[which] === slot;
  }

  private finish(out: Float64Array, finished: boolean): void {
    const { slots } = this;
    const received = slots[RECEIVED]!;
    const exact = slots[TOTAL]!;
    const guessed = Number.isNaN(exact);
    const total = guessed ? slots[ESTIMATE_SLOT]! : exact;
    let percent = total > 0 ? (100 * received) / total : received === 0 ? 0 : NaN;
    if (finished) percent = 100;
    out[PERCENT] = percent;
    out[RECEIVED] = received;
    out[TOTAL] = total;
    out[SPEED] = slots[SPEED]!;
    out[ETA] = percent >= 100 ? 0 : Number.isNaN(total) ? NaN : slots[ETA]!;
    out[FRAGMENT] = slots[FRAGMENT]!;
    out[FRAGMENTS] = slots[FRAGMENTS]!;
    out[ESTIMATED] = guessed && total > 0 ? 1 : 0;
    out[FINISHED] = finished ? 1 : 0;
  }
}

/** The slot for the key at `key`, whose value begins at `value`; less than 0 when it is not wanted. */
function slotOf(b: Uint8Array, key: number, value: number): number {
  // The key, its quote, a colon and a blank.
  switch (value - key - 3) {
    case 3:
      return startsWith(b, key, ETA_KEY) ? ETA : -1;
    case 5:
      return startsWith(b, key, SPEED_KEY) ? SPEED : -1;
    case 6:
      return startsWith(b, key, STATUS) ? STATUS_SLOT : -1;
    case 11:
      return startsWith(b, key, TOTAL_BYTES) ? TOTAL : -1;
    case 14:
      if (startsWith(b, key, INDEX)) return FRAGMENT;
      return startsWith(b, key, COUNT) ? FRAGMENTS : -1;
    case 16:
      return startsWith(b, key, DOWNLOADED) ? RECEIVED : -1;
    case 20:
      return startsWith(b, key, ESTIMATE) ? ESTIMATE_SLOT : -1;
    default:
      return -1;
  }
}

/** `"downloading"` and `"finished"` differ in their first letter, and from `"error"`. */
function readStatus(b: Uint8Array, i: number, n: number, slots: Float64Array): number {
  if (b[i] === QUOTE) slots[STATUS_SLOT] = b[i + 1]!;
  return skipValue(b, i, n);
}

function readNumber(b: Uint8Array, i: number, n: number, slots: Float64Array, slot: number): number {
  const c = b[i]!;
  return (c >= ZERO && c <= NINE) || c === MINUS ? readDecimal(b, i, slots, slot) : skipValue(b, i, n);
}

/** Past a value of any kind, at the comma or brace after it. */
function skipValue(b: Uint8Array, i: number, n: number): number {
  let c = b[i];
  if (c === QUOTE) return skipString(b, i, n);
  if (c !== BRACE && c !== OPEN) {
    while (i < n && c !== COMMA && c !== BRACE_END && c !== QUOTE) c = b[++i];
    return i < n ? i : ~n;
  }
  let depth = 0;
  while (i < n) {
    c = b[i];
    if (c === QUOTE) {
      i = skipString(b, i, n);
      if (i < 0) return i;
      continue;
    }
    if (c === BRACE || c === OPEN) depth++;
    else if ((c === BRACE_END || c === CLOSE) && --depth === 0) return i + 1;
    i++;
  }
  return ~n;
}

function skipString(b: Uint8Array, i: number, n: number): number {
  for (i++; i < n; i++) {
    const c = b[i];
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) i++;
  }
  return ~n;
}

/** The closing brace at the end of the line; 0 when the line does not end in `"}` and a LF. */
function lineEnd(b: Uint8Array, i: number, n: number): number {
  const lf = b.indexOf(LF, i);
  return lf > 0 && lf < n && b[lf - 1] === BRACE_END && b[lf - 2] === QUOTE ? lf - 1 : 0;
}
