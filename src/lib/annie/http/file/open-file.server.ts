/** Opens a file at its address: requests the missing bytes, and the whole file if that response cannot be used. */
import { join } from 'node:path';
import { readAt } from '../../../files/read-at.server.ts';
import { MAX_PAGE_BYTES } from '../../../foreign/limits.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { classify, isFile, SNIFF_BYTES } from '../content/classify.ts';
import { withStart } from '../body/sniffed-start.server.ts';
import { codingsOf } from '../head/codings.ts';
import type { HttpResponse, HttpClient } from '../client/client.server.ts';
import { extentOf } from '../head/extent.ts';
import type { AnswerInUse } from '../memory/answers.server.ts';
import { FirstAnswers } from '../memory/first-answers.server.ts';
import { contentLengthOf, contentTypeOf, relationOf, type Version } from '../head/head.ts';
import { namesBytes } from '../head/names.ts';
import { PageInstead } from '../failure/portal.ts';
import { isTextInstead } from '../content/text-instead.ts';
import { continuesAt, otherBytes, requestStart } from './seam.server.ts';
import type { PartialSize } from '../head/reported.ts';
import { type RequestContext, interpret, type OpenDecision } from './open-decision.ts';
import { mayRefuseRange } from '../failure/status.ts';
import { BODY_FILE } from './saved-state.server.ts';
import { nextFreeSegment, type Segment } from './segments.ts';
import { readFirstBytes } from './tail-check.server.ts';

/** The address holds a page or a manifest. Nothing was written. */
export class NotAFile extends Error {}

export interface OpenedResponse {
  response: HttpResponse;
  decision: Exclude<OpenDecision, { mode: 'again' }>;
  /** Segments to resume; null = start over. */
  kept: Segment[] | null;
}

export interface OpenRequest {
  client: HttpClient;
  url: string;
  workDir: string;
  signal: AbortSignal;
  /** Bytes arrived that are on the disk already. */
  onOtherBytes?: (() => void) | undefined;
  /** The partial file on the disk; null = none. */
  known: { version: Version; segments: Segment[] } | null;
  /** Other versions that were reported for this address. */
  reported: readonly Version[];
  /** From earlier responses. */
  partialSizes?: readonly PartialSize[];
  /** Responses to a range have proved unusable. */
  withoutRange: boolean;
  /** What it is according to its first bytes, whatever its head says; absent = the head is right. */
  sniffed?: { contentType: string | null };
  /** Of the job; absent = it is the only one. */
  answers?: FirstAnswers;
}

/**
 * @throws NotAFile, SluiceError as `interpret` and `HttpClient.get`; `file_changed` if the bytes on the disk are of another
 * version of a file without a strong validator
 */
export async function openFile(request: OpenRequest): Promise<OpenedResponse> {
  const { client, url, signal, answers = FirstAnswers.unshared() } = request;
  try {
    const opened = await open({ ...request, answers });
    await refuseOtherContent(request, opened);
    return opened;
  } catch (thrown) {
    signal.throwIfAborted();
    throw await answers.explain(client, url, thrown);
  }
}

type SharedRequest = OpenRequest & Required<Pick<OpenRequest, 'answers'>>;

async function open(request: SharedRequest): Promise<OpenedResponse> {
  const { client, url, signal, known, withoutRange, answers } = request;
  const version = known?.version ?? null;
  let context: RequestContext = {
    from: null,
    known: version,
    reported: request.reported,
    partialSizes: request.partialSizes ?? [],
    isSniffed: request.sniffed !== undefined,
  };
  if (!withoutRange) {
    const received = (known ? nextFreeSegment(known.segments)?.received : null) ?? 0;
    const from = known ? requestStart(known.version.validators, received) : 0;
    if (version !== null && received > from) {
      const rest = { validators: version.validators, bytes: version.totalBytes - received };
      context.partialSizes = [...(context.partialSizes ?? []), rest];
    }
    const first = known === null ? await answers.open(client, url, signal) : null;
    const asked = { ...context, from: first === null ? from : first.from };
    const firstResponse = first === null ? null : await requireFile(first, asked, request);
    first?.use();
    const response = firstResponse ?? (await getRange(request, from));
    const decision =
      response === null ? interpret(416, new Map(), asked) : interpretOrDiscard(response, asked);
    if (response !== null && decision.mode !== 'again') {
      const kept = decision.mode === 'ranged' ? (known?.segments ?? null) : null;
      if (kept !== null) await requireSameBytes(request, response, from, received);
      return { response, decision, kept };
    }
    response?.discard();
    if (decision.mode !== 'again') throw new SluiceError('remote_status');
    const reported = [...request.reported, ...decision.reported];
    const { partialSizes } = decision;
    if (version !== null && decision.isOther) {
      if (version.validators.ifRange === null && received > 0) throw otherBytes();
      return open({ ...request, known: null, reported: [...reported, version], partialSizes });
    }
    context = { ...context, reported, partialSizes: [...(context.partialSizes ?? []), ...partialSizes] };
  }
  const response = await answers.get(client, url, signal);
  const decision = interpretOrDiscard(response, context);
  if (decision.mode === 'again') throw new SluiceError('remote_status');
  return { response, decision, kept: null };
}

/** Before bytes on the disk are given up for a whole answer. @throws PageInstead, SluiceError `remote_contradiction` */
async function refuseOtherContent(
  { url, workDir, signal, known, onOtherBytes }: OpenRequest,
  { response, decision, kept }: OpenedResponse,
): Promise<void> {
  const written = known?.segments.find(({ start }) => start === 0)?.written ?? 0;
  if (known === null || kept !== null || written === 0 || codingsOf(response.head).length > 0) return;
  try {
    const { version } = known;
    const isOther = relationOf(version.validators, decision.validators) === 'other';
    if (decision.totalBytes === 0 && !isOther) throw contradiction(0, version.totalBytes);
    const sent = await readFirstBytes(response.body, SNIFF_BYTES, signal, onOtherBytes);
    const saved = await readAt(join(workDir, BODY_FILE), 0, Math.min(written, SNIFF_BYTES));
    if (isTextInstead(sent, saved)) throw new PageInstead(url, response.url);
  } catch (thrown) {
    response.discard();
    throw thrown;
  }
}

async function requireSameBytes(
  { workDir, signal, onOtherBytes: onBytes }: OpenRequest,
  response: HttpResponse,
  start: number,
  received: number,
): Promise<void> {
  try {
    const seam = { start, received, workDir, onBytes };
    if (!(await continuesAt(seam, response.body, signal))) throw otherBytes();
  } catch (thrown) {
    response.discard();
    throw thrown;
  }
}

/** Requests the bytes from `from` on; null = refused. Where that would cost bytes on the disk, it is requested twice. */
async function getRange(
  { client, url, signal, known, answers }: SharedRequest,
  from: number,
): Promise<HttpResponse | null> {
  const headers: Record<string, string> = { range: `bytes=${from}-` };
  const ifRange = known?.version.validators.ifRange ?? null;
  if (ifRange !== null) headers['if-range'] = ifRange;
  for (let tries = from > 0 ? 2 : 1; tries > 0; tries--) {
    try {
      return await answers.get(client, url, signal, headers);
    } catch (thrown) {
      if (!mayRefuseRange(thrown)) throw thrown;
    }
  }
  return null;
}

/**
 * The response, unless it is no file, also by its first bytes where its head does not say, or the address names a file of
 * another kind.
 * @throws NotAFile
 */
async function requireFile(
  answer: AnswerInUse,
  context: RequestContext,
  { url: asked, onOtherBytes }: OpenRequest,
): Promise<HttpResponse> {
  const { response: given } = answer;
  let response = given;
  let isPage = isNoFile(given, context);
  const { url, status, head } = given;
  const isDoubtful = contentTypeOf(head) === null || namesBytes(asked);
  // A page is no longer, and what is coded is not to be seen here.
  const isShort = codingsOf(head).length === 0 && (contentLengthOf(head) ?? 0) <= MAX_PAGE_BYTES;
  if (!isPage && context.known === null && context.isSniffed !== true && isDoubtful && isShort) {
    const sniffed = await withStart(given, SNIFF_BYTES, onOtherBytes);
    response = sniffed.response;
    isPage = classify(url, status, head, sniffed.start.subarray(0, SNIFF_BYTES)).kind === 'page';
  }
  if (!isPage) return response;
  answer.keep(response);
  throw new NotAFile();
}

/**
 * As `interpret`, and discards the response when it throws.
 * @throws NotAFile also for a known file: its address may lead to a login by now
 */
export function interpretOrDiscard(response: HttpResponse, context: RequestContext): OpenDecision {
  try {
    if (isNoFile(response, context)) throw new NotAFile();
    return interpret(response.status, response.head, context);
  } catch (thrown) {
    response.discard();
    throw thrown;
  }
}

/** Whether it is a page or a manifest, and no answer about a file. */
function isNoFile(response: HttpResponse, { known, isSniffed }: RequestContext): boolean {
  const { status, head } = response;
  const isRestOfKnown = status === 416 || (known !== null && extentOf(status, head).kind !== 'whole');
  return !isRestOfKnown && isSniffed !== true && !isFile(response);
}
