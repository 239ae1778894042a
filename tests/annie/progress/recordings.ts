/** The recordings and what they truly hold. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseRecording, type Recording } from '#lib/replay/recording.ts';
import type { PrintedSample } from '#lib/replay/printed-sample.ts';

const ROOT = new URL('../../fixtures/recordings/', import.meta.url);

export interface Truth {
  final: { state: string; message: string | null };
  items: { site: string; title: string; streams: { sizeBytes: number }[] }[];
  phases: { phase: string; message?: string }[];
  samples: (PrintedSample & { cut?: boolean })[];
}

export interface Fixture {
  name: string;
  recording: Recording;
  text: string;
  truth: Truth;
}

/** What Sluice never asks an engine for. */
const NOT_ASKED_FOR = /njtpl|text-template|title-template|template-title|aria2c|ctty40/;

export function fixtures(mode: 'pipe' | 'pty'): Fixture[] {
  const found: Fixture[] = [];
  for (const engine of readdirSync(ROOT)) {
    for (const file of readdirSync(new URL(`${engine}/`, ROOT))) {
      if (!file.endsWith('.jsonl') || NOT_ASKED_FOR.test(file)) continue;
      const text = readFileSync(new URL(`${engine}/${file}`, ROOT), 'utf8');
      const truthFile = new URL(`${engine}/${file.replace('.jsonl', '.truth.json')}`, ROOT);
      const truth = JSON.parse(readFileSync(truthFile, 'utf8')) as Truth;
      const recording = parseRecording(text);
      if (recording.header.mode !== mode) continue;
      found.push({ name: file.replace('.jsonl', ''), text, recording, truth });
    }
  }
  return found;
}

/** Phases that count, as corpora/README says: the rest of them are events. Equal neighbours are one. */
export function countedPhases(truth: Truth): string[] {
  const counted = ['extracting', 'downloading', 'merging', 'post-processing', 'processing'];
  const phases = truth.phases.map(({ phase }) => phase).filter((phase) => counted.includes(phase));
  return phases.filter((phase, index) => phase !== phases[index - 1]);
}

export function errorMessages(truth: Truth): string[] {
  const errors = truth.phases.filter(({ phase }) => phase === 'error').map(({ message }) => message ?? '');
  // ffmpeg has no error lines as such; its last words count when it failed.
  if (errors.length === 0 && truth.final.state === 'error' && truth.final.message)
    return [truth.final.message];
  return errors;
}

export function samplesOf(truth: Truth): PrintedSample[] {
  return truth.samples.map((sample) => ({
    fd: sample.fd,
    endOffset: sample.endOffset,
    percent: sample.percent,
    receivedBytes: sample.receivedBytes,
    totalBytes: sample.totalBytes,
    speedBytesPerSecond: sample.speedBytesPerSecond,
    etaSeconds: sample.etaSeconds,
  }));
}
