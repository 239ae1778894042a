import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '#lib/annie/engine.ts';
import type { FetchedFile } from '#lib/files/fetched-file.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { createStandInEngine } from '#lib/annie/stand-in/engine.ts';
import { announcedBytes, readRecording, type Recording } from '#lib/annie/stand-in/recording.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { Sample } from '#lib/protocol/progress.ts';
import { settles } from '../../support/wait.ts';
import { readers } from '../../support/readers.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/recordings');
/** Playback speed; the longest recording took 30 s. */
const SPEED = 60;

/** Runs of one item through pipes, without listings, terminals and options that Sluice never uses. */
function downloads(engine: 'lux' | 'annie'): Recording[] {
  return readdirSync(join(FIXTURES, engine))
    .filter(
      (name) =>
        name.endsWith('.jsonl') &&
        !/pty|ctty|info|json\b|aria2|playlist|two-urls|file-list|noargs|silent|debug/.test(name),
    )
    .map((name) => readRecording(name.slice(0, -6), readFileSync(join(FIXTURES, engine, name), 'utf8')));
}

interface Outcome {
  result: FetchedFile | null;
  error: unknown;
  samples: Sample[];
  phases: string[];
}

const root = await mkdtemp(join(tmpdir(), 'sluice-test-'));
const processes = await createProcessHost({ runDir: join(root, 'run') });
test.after(async () => {
  await processes.close();
  await rm(root, { recursive: true, force: true });
});
const make = (name: 'lux' | 'annie'): Engine =>
  createStandInEngine({
    processes,
    readers,
    nodePath: process.execPath,
    recordings: join(FIXTURES, name),
  });
const engines = { lux: make('lux'), annie: make('annie') };

const outcomes = new Map<string, Promise<Outcome>>();

/** Plays a recording once. */
function outcomeOf(recording: Recording): Promise<Outcome> {
  const known = outcomes.get(recording.name) ?? play(recording);
  outcomes.set(recording.name, known);
  return known;
}

/** Plays a recording through the whole adapter. The adapter's listing of a run that failed early fails as it did. */
async function play(recording: Recording): Promise<Outcome> {
  const workDir = await mkdtemp(join(root, 'work-'));
  const outcome: Outcome = { result: null, error: null, samples: [], phases: [] };
  const url = `http://stand-in.test/?speed=${SPEED}#${recording.name}`;
  const running = engines[recording.engine].download({
    ...{ url, streamId: null, workDir, signal: new AbortController().signal },
    onSample: (sample) => void outcome.samples.push(sample),
    onPhase: (phase) => void outcome.phases.push(phase),
    onInfo: () => undefined,
    onOutput: () => undefined,
  });
  try {
    outcome.result = await settles(running, { what: recording.name, deadlineMs: 60_000 });
  } catch (thrown) {
    outcome.error = thrown;
  }
  return outcome;
}

for (const recording of [...downloads('lux'), ...downloads('annie')]) {
  const { name, exitCode, signal } = recording;
  test(`${name} (${recording.note}) ends as it ended when it was recorded`, async () => {
    const { result, error, samples, phases } = await outcomeOf(recording);
    const total = announcedBytes(recording);
    if (exitCode === 0) {
      assert.ok(result, String(error));
      if (total !== null) assert.is(result.bytes, total);
      assert.is(phases.includes('finish'), recording.joined);
    } else {
      assert.instance(error, SluiceError);
      // Killed from outside: transient.
      if (signal !== null)
        assert.equal([(error as SluiceError).code, (error as SluiceError).transient], ['engine_exit', true]);
    }
    for (const sample of samples) {
      assert.is(sample.totalBytes, total);
      assert.ok(total === null || sample.receivedBytes <= total);
    }
    const received = samples.map(({ receivedBytes }) => receivedBytes);
    assert.equal(
      received,
      [...received].sort((a, b) => a - b),
    );
  });
}

for (const [name, code] of [
  ['lux-404', 'remote_not_found'],
  ['lux-refused', 'connect_failed'],
  ['lux-loop', 'too_many_redirects'],
  ['lux-badurl', 'unsupported_url'],
  ['lux-chunked-nosize', 'unsupported_url'],
] as const) {
  test(`${name} is ${code}`, async () => {
    const recording = downloads('lux').find((each) => each.name === name);
    const { error } = await outcomeOf(recording!);
    assert.is((error as SluiceError).code, code);
  });
}

test.run();
