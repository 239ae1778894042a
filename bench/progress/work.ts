/** The work: real recordings of one dialect with their real chunk boundaries, looped to 64 MiB. */
import { readdirSync, readFileSync } from 'node:fs';
import { dialectOf } from '../../src/lib/annie/replay/header.ts';
import type { RecordedDialect } from '../../src/lib/annie/replay/parser.ts';
import type { PrintedSample } from '../../src/lib/annie/replay/printed-sample.ts';
import { parseRecording } from '../../src/lib/annie/replay/recording.ts';

const ROOT = new URL('../../tests/fixtures/recordings/', import.meta.url);
const LOOPED_BYTES = 64 * 2 ** 20;
/** Recordings with less progress than that are about something else. */
const FEWEST_SAMPLES = 10;

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
  runs: Run[];
  /** How often all runs are gone through to make 64 MiB. */
  loops: number;
  bytes: number;
  chunks: number;
  samples: number;
}

/** Which recordings make a dialect: by name, as the corpus names them. */
const DIALECTS: [name: string, folder: string, pattern: RegExp][] = [
  ['lux', 'lux', /^lux-/],
  ['annie with bar', 'annie', /ctty/],
  ['annie without bar', 'annie', /^(?!.*ctty)/],
  ['yt-dlp text', 'yt-dlp', /^ytdlp-(?!json|njtpl|text-template|stdout|ext-|sections|live)/],
  ['yt-dlp JSON', 'yt-dlp', /^ytdlp-json/],
  ['yt-dlp, our template', 'own', /^sluice-/],
  ['ffmpeg -progress', 'ffmpeg', /progress-pipe|audio|sigint|merge/],
  ['ffmpeg stats', 'ffmpeg', /stats/],
];

export function loadWork(): Work[] {
  return DIALECTS.map(([name, folder, pattern]) => {
    const few = folder === 'ffmpeg' ? 1 : FEWEST_SAMPLES;
    const runs = loadRuns(folder, pattern).filter(({ samples }) => samples.length >= few);
    const all = runs.flatMap(({ chunks }) => chunks);
    const once = all.reduce((sum, { data }) => sum + data.length, 0);
    const loops = Math.ceil(LOOPED_BYTES / once);
    return {
      name,
      runs,
      loops,
      bytes: once * loops,
      chunks: all.length * loops,
      samples: loops * runs.reduce((sum, { samples }) => sum + samples.length, 0),
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
    // Buffers, as a child process's streams deliver them.
    const buffers = chunks.map(({ t, fd, data }) => ({ t, fd, data: Buffer.from(data) }));
    runs.push({ name: file.replace('.jsonl', ''), dialect: dialectOf(header), chunks: buffers, samples });
  }
  return runs;
}
