/**
 * `sluice replay`: parses a recording of an engine's output with the real parser, chunk by chunk, and prints the
 * events. A recording is JSON lines: a header, then one line for each chunk as it arrived (`t` in ms since the start,
 * `fd`, `data` in base64).
 */
import type { Phase } from '../annie/progress/sink.ts';
import { type EndState, dialectOf, endState } from './header.ts';
import { failureReason } from './failure-reason.ts';
import { createRecordingParser } from './parser.ts';
import { type PrintedSample, toPrinted } from './printed-sample.ts';
import { parseRecording, type Recording, rechunk } from './recording.ts';

export type ReplayEvent =
  | ({ type: 'progress' } & PrintedSample)
  | { type: 'phase'; phase: Phase }
  /** `totalBytes`: of the first stream, as printed; lux prints 0 for an unknown size. */
  | { type: 'item'; site: string; title: string; totalBytes: number | null }
  | { type: 'error'; message: string }
  | { type: 'end'; state: EndState };

interface ReplayOptions {
  /** Cut each fd's stream into chunks of this size instead: the order between fds is then only nearly kept. */
  rechunkBytes?: number | null;
}

/**
 * The events of a recording, in order; the first is the phase `extracting`, the last `end`.
 * @throws SluiceError `invalid_recording`
 */
export function* replay(text: string, options: ReplayOptions = {}): Generator<ReplayEvent, void, undefined> {
  yield* replayRecording(parseRecording(text), options);
}

export function* replayRecording(
  recording: Recording,
  { rechunkBytes = null }: ReplayOptions = {},
): Generator<ReplayEvent, void, undefined> {
  const { header } = recording;
  const queue: ReplayEvent[] = [{ type: 'phase', phase: 'extracting' }];
  let samples = 0;
  let skipped = false;
  let errors = 0;
  const parser = createRecordingParser(dialectOf(header), {
    sample(fd, record) {
      samples++;
      queue.push({ type: 'progress', ...toPrinted(fd, record) });
    },
    event(event) {
      if (event.type === 'phase') queue.push({ type: 'phase', phase: event.phase });
      else if (event.type === 'skipped') skipped = true;
      else if (event.type === 'error') {
        errors++;
        queue.push({ type: 'error', message: event.message });
      } else if (event.type === 'item') {
        const { site, title, streams } = event.item;
        queue.push({ type: 'item', site, title, totalBytes: streams[0]?.bytes ?? null });
      }
    },
  });

  const chunks = rechunkBytes === null ? recording.chunks : rechunk(recording.chunks, rechunkBytes);
  for (const { fd, data } of chunks) {
    parser.push(fd, data);
    yield* queue.splice(0);
  }
  parser.end();
  const state = endState(header, { skipped, samples });
  const reason = state === 'error' && errors === 0 ? failureReason(recording) : null;
  if (reason !== null) queue.push({ type: 'error', message: reason });
  yield* queue;
  yield { type: 'end', state };
}
