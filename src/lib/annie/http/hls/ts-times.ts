/** When fragments of MPEG-TS play, by the presentation times at their start and at their end. Pure. */
import { TS_PACKET_BYTES } from './fragment-kind.ts';
import type { Span, Timing } from './played-time.ts';

const SYNC = 0x47;
const TICKS_PER_SECOND = 90_000;
/** Presentation times have 33 bits (ISO/IEC 13818-1, section 2.4.3.7). */
const WRAP = 2 ** 33;
/** Of a fragment; a programme has a handful. */
const MAX_SPANS = 8;
/** Of streams with fewer, as subtitles, nobody knows where they end. */
const MIN_TIMES = 3;

/** What packets of a fragment hold. */
export interface TsPackets {
  /** Presentation times by elementary stream, in ticks. */
  times: ReadonlyMap<number, readonly number[]>;
  /** Frames of video or audio begin, with or without times. */
  hasMedia: boolean;
  /** There is more than null packets and tables. */
  hasPayload: boolean;
  /** A stream ends within a frame. */
  isCut: boolean;
}

/** Tables have ids of their own below this, and null packets one (ISO/IEC 13818-1, table 2-3). */
const FIRST_FREE_ID = 0x20;
const NULL_ID = 0x1fff;

/** Of an elementary stream, what is not there yet of the last PES packet. */
interface Unfinished {
  /** By its length; null = it has none, and ends with a packet that is not full. */
  leftBytes: number | null;
  isFull: boolean;
}

/** @param bytes may begin in the middle of a packet, if at least three follow */
export function packetsIn(bytes: Uint8Array): TsPackets {
  const times = new Map<number, number[]>();
  const last = new Map<number, Unfinished>();
  const tables = new Set<number>([NULL_ID]);
  const filled = new Set<number>();
  for (let at = alignedIn(bytes); at + TS_PACKET_BYTES <= bytes.length; at += TS_PACKET_BYTES) {
    if (bytes[at] !== SYNC) break;
    const flags = bytes[at + 1] ?? 0;
    const control = ((bytes[at + 3] ?? 0) >> 4) & 3;
    if ((control & 1) === 0) continue;
    const stream = ((flags & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    const pes = at + 4 + (control === 3 ? 1 + (bytes[at + 4] ?? 0) : 0);
    if (stream >= FIRST_FREE_ID) filled.add(stream);
    const payloadBytes = at + TS_PACKET_BYTES - pes;
    const isFull = payloadBytes >= TS_PACKET_BYTES - 4;
    // a PES packet begins here
    if ((flags & 0x40) !== 0 && payloadBytes >= 14) {
      const head = bytes.subarray(pes, pes + 14);
      if (!isPes(head)) tables.add(stream);
      if (!isMedia(head)) continue;
      const length = ((head[4] ?? 0) << 8) | (head[5] ?? 0);
      last.set(stream, { leftBytes: length === 0 ? null : length + 6 - payloadBytes, isFull });
      const known = times.get(stream);
      const time = presentationTime(head);
      if (known === undefined) times.set(stream, time === null ? [] : [time]);
      else if (time !== null) known.push(time);
      continue;
    }
    const before = last.get(stream);
    if (before === undefined) continue;
    const left = before.leftBytes === null ? null : before.leftBytes - payloadBytes;
    last.set(stream, { leftBytes: left, isFull });
  }
  const isCut = [...last.values()].some(({ leftBytes, isFull }) =>
    leftBytes === null ? isFull : leftBytes > 0,
  );
  const timed = new Map([...times].filter(([, of]) => of.length > 0));
  const hasPayload = [...filled].some((stream) => !tables.has(stream));
  return { times: timed, hasMedia: times.size > 0, hasPayload, isCut };
}

/** Null = unknown. @param first at the start of the fragment @param last at its end */
export function tsTiming(first: TsPackets, last: TsPackets): Timing | null {
  let finest: { times: number; seconds: number; span: Span } | null = null;
  const spans: Span[] = [];
  for (const [stream, times] of last.times) {
    const begin = first.times.get(stream)?.[0];
    if (begin === undefined) continue;
    const all = [...(first.times.get(stream) ?? []), ...times].map((time) =>
      time < begin - WRAP / 2 ? time + WRAP : time,
    );
    const sorted = [...new Set(all)].sort((a, b) => a - b);
    const [earliest = 0, latest = 0] = [sorted[0], sorted.at(-1)];
    // the last frame is shown as long as the one before it
    const end = latest + latest - (sorted.at(-2) ?? latest);
    const span: Span = [stream, earliest / TICKS_PER_SECOND, end / TICKS_PER_SECOND];
    if (sorted.length >= MIN_TIMES && spans.length < MAX_SPANS) spans.push(span);
    const seconds = (end - earliest) / TICKS_PER_SECOND;
    // a packet of audio may hold many frames: the stream with the most times is the most exact
    if (finest === null || sorted.length > finest.times) finest = { times: sorted.length, seconds, span };
  }
  if (finest === null) return null;
  return { seconds: finest.seconds, spans: spans.length > 0 ? spans : [finest.span], isCut: last.isCut };
}

function alignedIn(bytes: Uint8Array): number {
  for (let at = 0; at < TS_PACKET_BYTES; at++) {
    if ([0, 1, 2].every((packet) => bytes[at + packet * TS_PACKET_BYTES] === SYNC)) return at;
  }
  // Of fewer packets, only those of a whole fragment.
  return bytes[0] === SYNC ? 0 : bytes.length;
}

function isPes([a, b, c]: Uint8Array): boolean {
  return a === 0 && b === 0 && c === 1;
}

/** Of video, audio, or private data such as AC-3. @param pes the start of a PES packet */
function isMedia(pes: Uint8Array): boolean {
  const id = pes[3] ?? 0;
  return isPes(pes) && ((id >= 0xc0 && id <= 0xef) || id === 0xbd || id === 0xfd);
}

/** @param pes the start of a PES packet */
function presentationTime(pes: Uint8Array): number | null {
  const [, , , , , , , flags = 0, , p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0] = pes;
  if ((flags & 0x80) === 0) return null;
  const high = (p0 >> 1) & 7;
  return high * 2 ** 30 + (p1 << 22) + ((p2 >> 1) << 15) + (p3 << 7) + (p4 >> 1);
}
