/** Opens a file at its address: requests what is missing, and the whole file if that answer cannot be used. */
import { SluiceError } from '../../../protocol/error.ts';
import { isFile } from '../classify.ts';
import type { HttpAnswer, HttpClient } from '../client.server.ts';
import { extentOf } from '../extent.ts';
import type { Version } from '../head.ts';
import { type Asked, interpret, type Opening, type PartialSize } from './opening.ts';
import { freeSegment, type Segment } from './segments.ts';

/** The address holds a page or a manifest: another way has to be taken. Nothing was written. */
export class NotAFile extends Error {}

export interface Opened {
  answer: HttpAnswer;
  opening: Exclude<Opening, { mode: 'again' }>;
  /** Null = start over. */
  kept: Segment[] | null;
}

export interface OpenAsk {
  client: HttpClient;
  url: string;
  signal: AbortSignal;
  /** What is on the disk, of a version with a strong validator; null = nothing. */
  known: { version: Version; segments: Segment[] } | null;
  /** What else was reported for this address. */
  reported: readonly Version[];
  /** From the answer to an earlier request. */
  partialSizes?: readonly PartialSize[];
  /** Answers to a range have proved to be unusable. */
  withoutRange: boolean;
}

/** @throws NotAFile, SluiceError as `interpret` and `HttpClient.get` */
export async function openFile(ask: OpenAsk): Promise<Opened> {
  const { client, url, signal, known, withoutRange } = ask;
  const version = known?.version ?? null;
  let asked: Asked = {
    from: null,
    known: version,
    reported: ask.reported,
    partialSizes: ask.partialSizes ?? [],
  };
  if (!withoutRange) {
    const from = (known ? freeSegment(known.segments)?.received : null) ?? 0;
    const headers: Record<string, string> = { range: `bytes=${from}-` };
    if (version?.validators.ifRange != null) headers['if-range'] = version.validators.ifRange;
    const answer = await client.get(url, { signal, headers, accept: [416] });
    const opening = interpretOrDiscard(answer, { ...asked, from });
    if (opening.mode !== 'again') {
      return { answer, opening, kept: opening.mode === 'ranged' ? (known?.segments ?? null) : null };
    }
    answer.discard();
    const reported = [...ask.reported, ...opening.reported];
    const { partialSizes } = opening;
    if (version !== null && opening.isOther) {
      return openFile({ ...ask, known: null, reported: [...reported, version], partialSizes });
    }
    asked = { ...asked, reported, partialSizes: [...(ask.partialSizes ?? []), ...partialSizes] };
  }
  const answer = await client.get(url, { signal });
  const opening = interpretOrDiscard(answer, asked);
  if (opening.mode === 'again') throw new SluiceError('remote_status');
  return { answer, opening, kept: null };
}

/**
 * As `interpret`, and discards the answer when it throws.
 * @throws NotAFile also for a known file: its address may lead to a login by now
 */
export function interpretOrDiscard(answer: HttpAnswer, asked: Asked): Opening {
  try {
    const { status, head } = answer;
    const isRestOfKnown = status === 416 || (asked.known !== null && extentOf(status, head).kind !== 'whole');
    if (!isRestOfKnown && !isFile(answer)) throw new NotAFile();
    return interpret(status, head, asked);
  } catch (thrown) {
    answer.discard();
    throw thrown;
  }
}
