/**
 * Limits how long a body may bring nothing. Its first byte may come long after the head: what makes a zip on the fly sends the
 * head at once, and browsers wait. Time in which nobody wants a byte (a full disk queue, a limited speed) does not count.
 */
import type { Readable } from 'node:stream';
import { SluiceError } from '../../../protocol/error.ts';
import { firstByteTimeout } from '../failure/late-failure.ts';

export interface BodyLimits {
  /** ms from the head to the first byte. */
  firstByteMs: number;
  /** ms between two bytes. */
  stallMs: number;
  /** Called once: with the first byte, or when none will come. */
  onBegun: () => void;
}

/** To be called before the first piece. */
export function limitWaits(body: Readable, { firstByteMs, stallMs, onBegun }: BodyLimits): void {
  const push = body.push.bind(body);
  const read = body._read.bind(body);
  let hasBegun = false;
  /** Since when a byte is wanted, ms; null = none is. */
  let wantedMs: number | null = null;
  let timer: NodeJS.Timeout | undefined;

  function begin(): void {
    if (hasBegun) return;
    hasBegun = true;
    onBegun();
  }

  function leftMs(sinceMs: number): number {
    return sinceMs + (hasBegun ? stallMs : firstByteMs) - performance.now();
  }

  /** One timer that looks when it is due: pieces come by the thousand. */
  function schedule(): void {
    if (timer !== undefined || wantedMs === null) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (wantedMs === null) return;
      if (leftMs(wantedMs) > 0) return schedule();
      body.destroy(hasBegun ? new SluiceError('engine_stalled') : firstByteTimeout(firstByteMs));
    }, leftMs(wantedMs));
  }

  body.push = (piece: Buffer | null) => {
    const wasFirst = !hasBegun;
    begin();
    const wantsMore = push(piece);
    wantedMs = wantsMore && piece !== null ? performance.now() : null;
    // The limit of the first byte may be longer than the one from now on.
    if (wasFirst) {
      clearTimeout(timer);
      timer = undefined;
    }
    schedule();
    return wantsMore;
  };
  body._read = (size) => {
    wantedMs ??= performance.now();
    schedule();
    read(size);
  };
  body.once('close', () => {
    clearTimeout(timer);
    begin();
  });
}
