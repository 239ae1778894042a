/** Examines a whole fragment before it is appended: nothing but media gets into the track. */
import { stat } from 'node:fs/promises';
import { readAt } from '../../../files/read-at.server.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { EXAMINED_BYTES, type FragmentKind, kindOf } from './fragment-kind.ts';
import { isMp4Start } from './signatures.ts';
import { tsSeconds } from './ts-seconds.ts';

export interface WholeFragment {
  kind: Exclude<FragmentKind['kind'], 'refused'>;
  /** Bytes before the media. */
  skip: number;
  /** How long it plays; null = unknown. Of MP4 that depends on the initialisation part. */
  seconds: number | null;
  isMp4: boolean;
}

const unmeasured = { skip: 0, seconds: null, isMp4: false };

/**
 * @param mustHaveBytes by the playlist it plays
 * @throws SluiceError `not_media`; the errno of the disk
 */
export async function examineFragment(path: string, mustHaveBytes: boolean): Promise<WholeFragment> {
  const { size } = await stat(path);
  if (size === 0 && !mustHaveBytes) return { ...unmeasured, kind: 'media' };
  const start = await readAt(path, 0, Math.min(size, EXAMINED_BYTES));
  const found = kindOf(start, size);
  if (found.kind === 'refused') throw notMedia(found.what);
  if (found.kind === 'unknown') return { ...unmeasured, kind: 'unknown' };
  const { skip } = found;
  if (found.container !== 'mpegts') return { ...unmeasured, kind: 'media', isMp4: isMp4Start(start) };
  const tailBytes = Math.min(size - skip, EXAMINED_BYTES);
  const end = await readAt(path, size - tailBytes, tailBytes);
  return { kind: 'media', skip, seconds: tsSeconds(start.subarray(skip), end), isMp4: false };
}

export function notMedia(what: string): SluiceError {
  return new SluiceError('not_media', `A fragment of the stream is not media: it is ${what}.`);
}

/** Whether it is about what came, and not about the disk. */
export function isRefusal(thrown: unknown): boolean {
  return thrown instanceof SluiceError && thrown.code === 'not_media';
}
