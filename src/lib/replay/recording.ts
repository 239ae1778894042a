import * as v from 'valibot';
import { SluiceError } from '../protocol/error.ts';
import type { TraceRecording } from '../protocol/inspection.ts';

const Header = v.object({
  engine: v.string(),
  version: v.optional(v.nullable(v.string()), null),
  argv: v.array(v.string()),
  mode: v.optional(v.picklist(['pipe', 'pty']), 'pipe'),
  exitCode: v.optional(v.nullable(v.number()), null),
  signal: v.optional(v.nullable(v.string()), null),
  /** Signals that the recorder sent, and keys that it typed in a terminal. */
  signalsSent: v.optional(v.array(v.unknown()), []),
});
export type RecordingHeader = v.InferOutput<typeof Header>;

const ChunkLine = v.object({
  t: v.optional(v.number(), 0),
  fd: v.picklist([1, 2]),
  data: v.pipe(v.string(), v.base64()),
});

export interface Chunk {
  /** ms since the process began. */
  t: number;
  fd: 1 | 2;
  data: Uint8Array;
}

export interface Recording {
  header: RecordingHeader;
  chunks: Chunk[];
}

/** @throws SluiceError `invalid_recording`, naming the line */
export function parseRecording(text: string): Recording {
  const lines = text.split('\n');
  const header = parseLine(Header, lines[0] ?? '', 1);
  const chunks: Chunk[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const { t, fd, data } = parseLine(ChunkLine, line, index + 1);
    chunks.push({ t, fd, data: fromBase64(data) });
  }
  return { header, chunks };
}

/** Converts a parsed trace. */
export function recordingOf({ header, chunks }: Pick<TraceRecording, 'header' | 'chunks'>): Recording {
  return {
    header: { ...header, signalsSent: [] },
    chunks: chunks.map(({ t, fd, data }) => ({ t, fd, data: fromBase64(data) })),
  };
}

/**
 * Cuts the stream of each fd into chunks of `bytes`. A chunk has the time of its last byte, so that the order between
 * the fds is nearly kept.
 */
export function rechunk(chunks: Chunk[], bytes: number): Chunk[] {
  return recut(chunks, () => bytes);
}

/** As `rechunk`; `nextBytes` returns the size of each next chunk. */
export function recut(chunks: Chunk[], nextBytes: () => number): Chunk[] {
  const pieces: Chunk[] = [];
  for (const fd of [1, 2] as const) {
    let piece: number[] = [];
    let size = Math.max(1, nextBytes());
    let last = 0;
    for (const { t, data } of chunks.filter((chunk) => chunk.fd === fd)) {
      for (const byte of data) {
        last = t;
        if (piece.push(byte) < size) continue;
        pieces.push({ t, fd, data: Uint8Array.from(piece) });
        piece = [];
        size = Math.max(1, nextBytes());
      }
    }
    if (piece.length > 0) pieces.push({ t: last, fd, data: Uint8Array.from(piece) });
  }
  return pieces.sort((a, b) => a.t - b.t);
}

function parseLine<const S extends v.GenericSchema>(
  schema: S,
  line: string,
  number: number,
): v.InferOutput<S> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new SluiceError('invalid_recording', `Line ${number} of the recording is not JSON.`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new SluiceError(
    'invalid_recording',
    `Line ${number} of the recording: ${path ? `${path}: ` : ''}${issue.message}`,
  );
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
