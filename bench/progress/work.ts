/** The work: real recordings of one dialect with their real chunk boundaries, looped. */
import { readdirSync, readFileSync } from 'node:fs';
import { dialectOf } from '../../src/lib/replay/header.ts';
import type { RecordedDialect } from '../../src/lib/replay/parser.ts';
import type { PrintedSample } from '../../src/lib/replay/printed-sample.ts';
import { parseRecording } from '../../src/lib/replay/recording.ts';

const ROOT = new URL('../../tests/fixtures/recordings/', import.meta.url);
const MIB = 2 ** 20;
/** The length to which recordings are looped, by how the dialect is read. `short`: about 20 ms per pass. */
const LOOPED_BYTES = {
  first: { bytes: 2 * MIB, lines: MIB / 8 },
  short: { bytes: 16 * MIB, lines: MIB },
  thorough: { bytes: 64 * MIB, lines: 64 * MIB },
};
/** Recordings with less progress are left out. */
const FEWEST_SAMPLES = 10;

export type Scale = keyof typeof LOOPED_BYTES;
export type ReadBy = 'bytes' | 'lines';

export interface Chunk {
  t: number;
  fd: 1 | 2;
  data: Buffer;
}

export interface Run {
  name: string;
  dialect: RecordedDialect;
  chunks: Chunk[];
  samples: PrintedSample[];
}

export interface Work {
  name: string;
  readBy: ReadBy;
  runs: Run[];
  /** Repetitions of all runs. */
  loops: number;
  bytes: number;
  chunks: number;
  records: number;
}

/** The recordings of a dialect, by file name. */
const DIALECTS: readonly [name: string, readBy: ReadBy, folder: string, pattern: RegExp][] = [
  ['lux', 'bytes', 'lux', /^lux-/],
  ['annie with bar', 'bytes', 'annie', /ctty/],
  ['annie without bar', 'bytes', 'annie', /^(?!.*ctty)/],
  ['yt-dlp, our template', 'lines', 'own', /^sluice-/],
  ['yt-dlp text', 'lines', 'yt-dlp', /^ytdlp-(?!json|njtpl|text-template|stdout|ext-|sections|live)/],
  ['yt-dlp JSON', 'lines', 'yt-dlp', /^ytdlp-json/],
  ['ffmpeg -progress', 'lines', 'ffmpeg', /progress-pipe|audio|sigint|merge/],
  ['ffmpeg stats', 'lines', 'ffmpeg', /stats/],
];

/** @param asked parts of dialect names; empty = all dialects */
export function loadWork(scale: Scale, asked: readonly string[]): Work[] {
  const wanted = DIALECTS.filter(([name]) => asked.length === 0 || asked.some((word) => name.includes(word)));
  return wanted.map(([name, readBy, folder, pattern]) => {
    const few = folder === 'ffmpeg' ? 1 : FEWEST_SAMPLES;
    const runs = loadRuns(folder, pattern).filter(({ samples }) => samples.length >= few);
    const all = runs.flatMap(({ chunks }) => chunks);
    const once = all.reduce((sum, { data }) => sum + data.length, 0);
    const loops = Math.ceil(LOOPED_BYTES[scale][readBy] / once);
    return {
      name,
      readBy,
      runs,
      loops,
      bytes: once * loops,
      chunks: all.length * loops,
      records: loops * runs.reduce((sum, { samples }) => sum + samples.length, 0),
    };
  });
}

function loadRuns(folder: string, pattern: RegExp): Run[] {
  const runs: Run[] = [];
  for (const file of readdirSync(new URL(`${folder}/`, ROOT))) {
    if (!file.endsWith('.jsonl') || !pattern.test(file)) continue;
    const { header, chunks } = parseRecording(readFileSync(new URL(`${folder}/${file}`, ROOT), 'utf8'));
    if (header.mode !== 'pipe') continue;
    const truthFile = new URL(`${folder}/${file.replace('.jsonl', '.truth.json')}`, ROOT);
    const { samples } = JSON.parse(readFileSync(truthFile, 'utf8')) as { samples: PrintedSample[] };
    // Buffers, as from a child process's streams.
    const buffers = chunks.map(({ t, fd, data }) => ({ t, fd, data: Buffer.from(data) }));
    runs.push({ name: file.replace('.jsonl', ''), dialect: dialectOf(header), chunks: buffers, samples });
  }
  return runs;
}
