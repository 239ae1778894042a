/** Feeds bytes to a parser and collects what it reports. */
import type { ProgressEvent } from '#lib/annie/progress/sink.ts';
import { createRecordingParser, type RecordedDialect } from '#lib/replay/parser.ts';
import { type PrintedSample, toPrinted } from '#lib/replay/printed-sample.ts';

export interface Reported {
  samples: PrintedSample[];
  events: ProgressEvent[];
}

/** `sizes` are used in turn, again from the first; the rest of the bytes is cut by the last of them. */
export function feed(dialect: RecordedDialect, fd: 1 | 2, bytes: Uint8Array, sizes: number[]): Reported {
  const reported: Reported = { samples: [], events: [] };
  const parser = createRecordingParser(dialect, {
    sample: (from, record) => reported.samples.push(toPrinted(from, record)),
    event: (event) => reported.events.push(event),
  });
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = sizes[k % sizes.length] ?? bytes.length;
    parser.push(fd, bytes.slice(at, at + size));
    at += size;
  }
  parser.end();
  return reported;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
