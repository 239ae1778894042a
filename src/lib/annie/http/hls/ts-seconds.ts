/** How long a fragment of MPEG-TS plays, by the presentation times at its start and at its end. Pure. */
import { TS_PACKET_BYTES } from './fragment-kind.ts';

const SYNC = 0x47;
const TICKS_PER_SECOND = 90_000;
/** Presentation times have 33 bits (ISO/IEC 13818-1, section 2.4.3.7). */
const WRAP = 2 ** 33;

/**
 * In s; 0 = a single frame. Null = unknown.
 * @param start begins with a packet
 * @param end of the fragment; may begin in the middle of a packet
 */
export function tsSeconds(start: Uint8Array, end: Uint8Array): number | null {
  const first = timesIn(start, 0);
  const last = timesIn(end, alignedIn(end));
  let finest: { times: number; seconds: number } | null = null;
  for (const [stream, times] of last) {
    const begin = first.get(stream)?.[0];
    if (begin === undefined) continue;
    const all = [...(first.get(stream) ?? []), ...times].map((time) =>
      time < begin - WRAP / 2 ? time + WRAP : time,
    );
    const sorted = [...new Set(all)].sort((a, b) => a - b);
    const [earliest = 0, latest = 0] = [sorted[0], sorted.at(-1)];
    // the last frame is shown as long as the one before it
    const frame = latest - (sorted.at(-2) ?? latest);
    const seconds = (latest - earliest + frame) / TICKS_PER_SECOND;
    // a packet of audio may hold many frames: the stream with the most times is the most exact
    if (finest === null || sorted.length > finest.times) finest = { times: sorted.length, seconds };
  }
  return finest?.seconds ?? null;
}

function alignedIn(bytes: Uint8Array): number {
  for (let at = 0; at < TS_PACKET_BYTES; at++) {
    if ([0, 1, 2].every((packet) => bytes[at + packet * TS_PACKET_BYTES] === SYNC)) return at;
  }
  return bytes.length;
}

/** Presentation times by elementary stream. */
function timesIn(bytes: Uint8Array, from: number): Map<number, number[]> {
  const times = new Map<number, number[]>();
  for (let at = from; at + TS_PACKET_BYTES <= bytes.length; at += TS_PACKET_BYTES) {
    if (bytes[at] !== SYNC) break;
    const flags = bytes[at + 1] ?? 0;
    // a PES packet begins here
    if ((flags & 0x40) === 0) continue;
    const control = ((bytes[at + 3] ?? 0) >> 4) & 3;
    if ((control & 1) === 0) continue;
    const pes = at + 4 + (control === 3 ? 1 + (bytes[at + 4] ?? 0) : 0);
    if (pes + 14 > at + TS_PACKET_BYTES) continue;
    const time = presentationTime(bytes.subarray(pes, pes + 14));
    if (time === null) continue;
    const stream = ((flags & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    const known = times.get(stream);
    if (known === undefined) times.set(stream, [time]);
    else known.push(time);
  }
  return times;
}

/** @param pes the start of a PES packet */
function presentationTime(pes: Uint8Array): number | null {
  const [a = 0, b = 0, c = 0, id = 0, , , , flags = 0, , p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0] = pes;
  const isMedia = (id >= 0xc0 && id <= 0xef) || id === 0xbd || id === 0xfd;
  if (a !== 0 || b !== 0 || c !== 1 || !isMedia || (flags & 0x80) === 0) return null;
  const high = (p0 >> 1) & 7;
  return high * 2 ** 30 + (p1 << 22) + ((p2 >> 1) << 15) + (p3 << 7) + (p4 >> 1);
}
