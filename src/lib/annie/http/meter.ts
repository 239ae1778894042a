/** Turns received bytes into samples: speed over the last seconds. Pure; the clock is passed in. */
import type { Sample } from '../../protocol/progress.ts';

/** Speed is averaged over this time: short enough to follow a change, long enough not to flicker. */
const WINDOW_MS = 4000;
const CHECKPOINT_EVERY_MS = 250;
/** A sample at most this often; the runner passes on fewer. */
const SAMPLE_EVERY_MS = 50;

interface MeterState {
  receivedBytes: number;
  totalBytes: number | null;
  /** For downloads of unknown size, as from fragments; null = follows from the bytes. */
  percent?: number | null;
}

export interface Meter {
  /** Null while the last sample is younger than 50 ms. */
  update(state: MeterState, nowMs: number): Sample | null;
  /** A sample now, in any case. */
  sample(state: MeterState, nowMs: number): Sample;
}

export function createMeter(startBytes: number, startMs: number): Meter {
  const checkpoints: { bytes: number; atMs: number }[] = [{ bytes: startBytes, atMs: startMs }];
  let sampledMs = -Infinity;

  function speed(bytes: number, nowMs: number): number | null {
    const newest = checkpoints.at(-1);
    if (newest && nowMs - newest.atMs >= CHECKPOINT_EVERY_MS) checkpoints.push({ bytes, atMs: nowMs });
    while (checkpoints.length > 1 && nowMs - (checkpoints[1]?.atMs ?? nowMs) >= WINDOW_MS)
      checkpoints.shift();
    const oldest = checkpoints[0];
    const elapsedMs = oldest ? nowMs - oldest.atMs : 0;
    if (!oldest || elapsedMs < CHECKPOINT_EVERY_MS) return null;
    return Math.max(0, ((bytes - oldest.bytes) / elapsedMs) * 1000);
  }

  function sample(state: MeterState, nowMs: number): Sample {
    sampledMs = nowMs;
    const { receivedBytes, totalBytes } = state;
    const bytesPerSecond = speed(receivedBytes, nowMs);
    return { receivedBytes, totalBytes, percent: state.percent ?? null, bytesPerSecond, etaSeconds: null };
  }

  return {
    sample,
    update: (state, nowMs) => (nowMs - sampledMs < SAMPLE_EVERY_MS ? null : sample(state, nowMs)),
  };
}
