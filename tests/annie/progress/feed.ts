/** Feeds bytes to a parser and collects what it tells. */
import { createProgressParser, type Dialect } from '#lib/annie/progress/parser.ts';
import { type PrintedSample, toPrinted } from '#lib/annie/progress/sample.ts';
import type { ProgressEvent } from '#lib/annie/progress/sink.ts';

export interface Told {
  samples: PrintedSample[];
  events: ProgressEvent[];
}

/** `sizes` are used in turn, again from the first; the rest of the bytes is cut by the last of them. */
export function feed(dialect: Dialect, fd: 1 | 2, bytes: Uint8Array, sizes: number[]): Told {
  const told: Told = { samples: [], events: [] };
  const parser = createProgressParser(dialect, {
    sample: (from, values) => told.samples.push(toPrinted(from, values)),
    event: (event) => told.events.push(event),
  });
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = sizes[k % sizes.length] ?? bytes.length;
    parser.push(fd, bytes.slice(at, at + size));
    at += size;
  }
  parser.end();
  return told;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
