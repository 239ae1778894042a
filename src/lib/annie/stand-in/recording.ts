/**
 * A recorded run of a real lux or annie: a JSON line that describes it, then one for each chunk of output with its time and
 * pipe.
 */
import { createProgressParser } from '../progress/parser.ts';
import type { ProgressEvent } from '../progress/sink.ts';

interface Chunk {
  /** ms since the start. */
  atMs: number;
  fd: 1 | 2;
  bytes: Uint8Array;
  /** Shown by the bar after this chunk; null = nothing yet. */
  receivedBytes: number | null;
}

export interface Recording {
  name: string;
  engine: 'lux' | 'annie';
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  note: string;
  endMs: number;
  chunks: Chunk[];
  /** Its first header; null = it failed before. */
  item: Extract<ProgressEvent, { type: 'item' }>['item'] | null;
  /** Parts were joined at the end. */
  joined: boolean;
}

/** @throws SyntaxError when the text is not a recording */
export function readRecording(name: string, text: string): Recording {
  const [first = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const header = JSON.parse(first) as {
    engine: string;
    exitCode: number | null;
    signal: NodeJS.Signals | null;
    note?: string;
    endMs: number;
  };
  const engine = header.engine.startsWith('annie') ? 'annie' : 'lux';
  const events: ProgressEvent[] = [];
  let receivedBytes: number | null = null;
  const parser = createProgressParser(
    { engine },
    {
      sample: (_fd, record) => (receivedBytes = record.receivedBytes),
      event: (event) => events.push(event),
    },
  );
  const chunks = lines.map((line): Chunk => {
    const { t, fd, data } = JSON.parse(line) as { t: number; fd: 1 | 2; data: string };
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    parser.push(fd, bytes);
    return { atMs: t, fd, bytes, receivedBytes };
  });
  parser.end();
  return {
    ...{ name, engine, chunks },
    ...{ exitCode: header.exitCode, signal: header.signal, note: header.note ?? '', endMs: header.endMs },
    item: events.find((event) => event.type === 'item')?.item ?? null,
    joined: events.some((event) => event.type === 'phase' && event.phase === 'merging'),
  };
}

/** The exact size in its header; null = unknown. */
export function announcedBytes({ item }: Recording): number | null {
  return item?.streams[0]?.bytes || null;
}

/** What `-j` would have printed. A run that failed before its header is listed too, and fails when played. */
export function listingOf(recording: Recording, url: string): object {
  const { item, joined, name, note } = recording;
  const stream = item?.streams[0];
  const bytes = announcedBytes(recording) ?? 0;
  const half = Math.floor(bytes / 2);
  const sizes = joined ? [half, bytes - half] : [bytes];
  const parts = sizes.map((size) => ({ url, size, ext: 'mp4' }));
  const id = stream?.id ?? 'default';
  return {
    url,
    site: item?.site ?? 'Stand-in',
    title: item?.title.trim() || `${name}: ${note}`,
    type: item?.kind ?? 'video',
    streams: {
      [id]: { id, quality: stream?.quality ?? 'default', parts, size: bytes, ext: 'mp4', NeedMux: joined },
    },
  };
}
