/** Opens a file at its address: asks for what is missing, and for the whole where the answer to that is of no use. */
import { SluiceError } from '../../../protocol/error.ts';
import { isFile } from '../classify.ts';
import type { HttpAnswer, HttpClient } from '../client.server.ts';
import { extentOf } from '../extent.ts';
import type { Version } from '../head.ts';
import { type Asked, interpret, type Opening, type PartSize } from './opening.ts';
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
  /** What is here of the file, of a version that can be told apart; null = nothing. */
  known: { version: Version; segments: Segment[] } | null;
  /** What else was said of this address. */
  told: readonly Version[];
  /** Of the answer to an earlier request. */
  parts?: readonly PartSize[];
  /** Answers to a range have proved to be of no use. */
  plainly: boolean;
}

/** @throws NotAFile, SluiceError as `interpret` and `HttpClient.get` */
export async function openFile(ask: OpenAsk): Promise<Opened> {
  const { client, url, signal, known, plainly } = ask;
  const version = known?.version ?? null;
  let asked: Asked = { from: null, known: version, told: ask.told, parts: ask.parts ?? [] };
  if (!plainly) {
    const from = (known ? freeSegment(known.segments)?.received : null) ?? 0;
    const headers: Record<string, string> = { range: `bytes=${from}-` };
    if (version?.validators.ifRange != null) headers['if-range'] = version.validators.ifRange;
    const answer = await client.get(url, { signal, headers, accept: [416] });
    const opening = interpretOrDiscard(answer, { ...asked, from });
    if (opening.mode !== 'again') {
      return { answer, opening, kept: opening.mode === 'ranged' ? (known?.segments ?? null) : null };
    }
    answer.discard();
    const told = [...ask.told, ...opening.told];
    if (version !== null && opening.isOther) {
      return openFile({ ...ask, known: null, told: [...told, version], parts: opening.parts });
    }
    asked = { ...asked, told, parts: [...(ask.parts ?? []), ...opening.parts] };
  }
  const answer = await client.get(url, { signal });
  const opening = interpretOrDiscard(answer, asked);
  if (opening.mode === 'again') throw new SluiceError('remote_status');
  return { answer, opening, kept: null };
}

/** As `interpret`; also for a file that is known: its address may lead to a login by now. @throws NotAFile */
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
