/** Opens a file at its address: requests the missing bytes, and the whole file if that response cannot be used. */
import { SluiceError } from '../../../protocol/error.ts';
import { isFile } from '../classify.ts';
import type { HttpResponse, HttpClient } from '../client.server.ts';
import { extentOf } from '../extent.ts';
import type { Version } from '../head.ts';
import { continuesAt, otherBytes, requestStart } from './seam.server.ts';
import type { PartialSize } from '../reported.ts';
import { type RequestContext, interpret, type OpenDecision } from './open-decision.ts';
import { mayRefuseRange } from '../status.ts';
import { nextFreeSegment, type Segment } from './segments.ts';

/** The address holds a page or a manifest. Nothing was written. */
export class NotAFile extends Error {}

export interface OpenedFile {
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
}

/**
 * @throws NotAFile, SluiceError as `interpret` and `HttpClient.get`; `file_changed` if the bytes on the disk are of another
 * version of a file without a strong validator
 */
export async function openFile(request: OpenRequest): Promise<OpenedFile> {
  const { client, url, signal, known, withoutRange } = request;
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
    const response = await getRange(request, from);
    const decision =
      response === null
        ? interpret(416, new Map(), { ...context, from })
        : interpretOrDiscard(response, { ...context, from });
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
      return openFile({ ...request, known: null, reported: [...reported, version], partialSizes });
    }
    context = { ...context, reported, partialSizes: [...(context.partialSizes ?? []), ...partialSizes] };
  }
  const response = await client.get(url, { signal });
  const decision = interpretOrDiscard(response, context);
  if (decision.mode === 'again') throw new SluiceError('remote_status');
  return { response, decision, kept: null };
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
  { client, url, signal, known }: OpenRequest,
  from: number,
): Promise<HttpResponse | null> {
  const headers: Record<string, string> = { range: `bytes=${from}-` };
  const ifRange = known?.version.validators.ifRange ?? null;
  if (ifRange !== null) headers['if-range'] = ifRange;
  for (let tries = from > 0 ? 2 : 1; tries > 0; tries--) {
    try {
      return await client.get(url, { signal, headers, accept: [416] });
    } catch (thrown) {
      if (!mayRefuseRange(thrown)) throw thrown;
    }
  }
  return null;
}

/**
 * As `interpret`, and discards the response when it throws.
 * @throws NotAFile also for a known file: its address may lead to a login by now
 */
export function interpretOrDiscard(response: HttpResponse, context: RequestContext): OpenDecision {
  try {
    const { status, head } = response;
    const isRestOfKnown =
      status === 416 || (context.known !== null && extentOf(status, head).kind !== 'whole');
    if (!isRestOfKnown && context.isSniffed !== true && !isFile(response)) throw new NotAFile();
    return interpret(status, head, context);
  } catch (thrown) {
    response.discard();
    throw thrown;
  }
}
