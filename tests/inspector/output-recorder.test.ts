import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { replayRecording } from '#lib/replay/replay.ts';
import { recordingOf } from '#lib/replay/recording.ts';
import type { ProcessRun } from '#lib/process/process-observers.ts';
import { OutputRecorder } from '#lib/inspector/output-recorder.ts';

const DOWNLOAD = 'AAAAAAAAAAAA';
const owner = { download: DOWNLOAD, session: 's1', engine: 'yt-dlp' } as const;
const run = (mark: string, argv = ['/opt/bin/yt-dlp', '--newline', 'https://h/a?k=S3cr3t']): ProcessRun => ({
  ...{ mark, pid: 1, argv, cwd: '/' },
  startedAt: performance.now(),
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (data: string): string => Buffer.from(data, 'base64').toString();

test('a recording has its times and its exit, masked, and can be replayed through the parser', () => {
  const recorder = new OutputRecorder();
  const it = run('m.0');
  recorder.begin(it, owner, false);
  recorder.add(it, 1, bytes('[download] Destination: a\n[download]  50.0% of 2.00MiB at'));
  recorder.add(it, 2, bytes('WARNING: https://h/x?tok'));
  recorder.add(it, 2, bytes('en=S3cr3t is slow\n'));
  recorder.add(it, 1, bytes(' 1.00MiB/s ETA 00:01\n'));
  recorder.end(it, { exitCode: 0, signal: null, endMs: 12.5 });
  const [recording] = recorder.recordingsOf(DOWNLOAD, { 'yt-dlp': '2026.10.26' });
  assert.ok(recording);
  assert.equal(recording.header, {
    engine: 'yt-dlp',
    version: '2026.10.26',
    argv: ['/opt/bin/yt-dlp', '--newline', 'https://h/a?***'],
    mode: 'pipe',
    exitCode: 0,
    signal: null,
    endMs: 12.5,
  });
  assert.equal(
    recording.chunks.map(({ fd, data }) => [fd, textOf(data)]),
    [
      [1, '[download] Destination: a\n[download]  50.0% of 2.00MiB at'],
      [2, 'WARNING: https://h/x?***'],
      [2, '********* is slow\n'],
      [1, ' 1.00MiB/s ETA 00:01\n'],
    ],
  );
  assert.ok(recording.chunks.every(({ t }, k) => t >= (recording.chunks[k - 1]?.t ?? 0)));
  const events = [...replayRecording(recordingOf(recording))];
  assert.ok(events.some((event) => event.type === 'progress' && event.percent === 50));
  assert.equal(events.at(-1), { type: 'end', state: 'completed' });
});

test('a recording that started late or reached its limit is marked as cut', () => {
  const recorder = new OutputRecorder();
  const [late, long] = [run('m.0'), run('m.1')];
  recorder.begin(late, owner, true);
  recorder.add(late, 1, bytes('S3cr3t; sid=S3cr3t\nx\n'));
  recorder.begin(long, owner, false);
  const mebibyte = bytes(`${'x'.repeat(1023)}\n`.repeat(1024));
  for (let k = 0; k < 6; k++) recorder.add(long, 1, mebibyte);
  const [first, second] = recorder.recordingsOf(DOWNLOAD, {});
  assert.equal([first?.cut, first?.chunks.length], [true, 1]);
  assert.is(textOf(first?.chunks[0]?.data ?? ''), '******************\nx\n');
  assert.equal([second?.cut, second?.chunks.length], [true, 4]);
});

test('past the memory limit, the oldest ended recordings are dropped', () => {
  const recorder = new OutputRecorder();
  const chunk = bytes(`${'x'.repeat(1023)}\n`.repeat(4096));
  for (let k = 0; k < 20; k++) {
    const it = run(`m.${k}`);
    recorder.begin(it, owner, false);
    recorder.add(it, 1, chunk);
    recorder.maskPending();
    if (k !== 0) recorder.end(it, { exitCode: 0, signal: null, endMs: 1 });
  }
  recorder.maskPending();
  const kept = recorder.recordingsOf(DOWNLOAD, {}).map(({ engine }) => engine);
  assert.is(kept.length, 16);
  // It is still running.
  assert.is(kept[0], 'engine:m.0');
  assert.is(kept.at(-1), 'engine:m.19');
});

test.run();
