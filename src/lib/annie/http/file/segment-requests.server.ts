/** Requests what segments of a file are missing, and refuses answers that are not that. */
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { PageInstead } from '../failure/portal.ts';
import { mayRefuseRange } from '../failure/status.ts';
import { extentOf } from '../head/extent.ts';
import { relationOf, validatorsOf } from '../head/head.ts';
import { interpretOrDiscard, NotAFile } from './open-file.server.ts';
import { ReopenRequired } from './reopen-required.ts';
import { continuesAt, requestStart } from './seam.server.ts';
import { receivedBytes, type Segment } from './segments.ts';
import type { ConnectionRole, TransferOptions } from './transfer-options.ts';

export class SegmentRequests {
  readonly #options: TransferOptions;

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  /** @throws ReopenRequired, SluiceError as `HttpClient.get` */
  async send(
    segment: Segment,
    { isExtra, signal }: Pick<ConnectionRole, 'isExtra' | 'signal'>,
  ): Promise<HttpResponse> {
    const { url, workDir, validators, totalBytes, resumable, onOtherBytes } = this.#options;
    if (!resumable || totalBytes === null) throw this.#reopen('file_changed');
    const { received, end } = segment;
    const from = requestStart(validators, received);
    const headers: Record<string, string> = { range: `bytes=${from}-${end === null ? '' : end - 1}` };
    if (validators.ifRange !== null) headers['if-range'] = validators.ifRange;
    // Of one beside others nothing is taken before it delivers: they do not wait for it.
    const client = isExtra ? this.#options.client.withHeadTimeout() : this.#options.client;
    const response = await client.get(url, { signal, headers, accept: [416] }).catch((thrown: unknown) => {
      const isRefused = mayRefuseRange(thrown) && !thrown.transient;
      throw isRefused ? new ReopenRequired(thrown, receivedBytes(this.#options.segments)) : thrown;
    });
    try {
      const decision = interpretOrDiscard(response, { from, known: { validators, totalBytes } });
      if (decision.mode === 'ranged') {
        const seam = { start: from, received, workDir, onBytes: onOtherBytes };
        if (await continuesAt(seam, response.body, signal)) return response;
        throw this.#reopen('file_changed');
      }
    } catch (thrown) {
      response.discard();
      // For example a login that has expired: the bytes on the disk stay good.
      if (!(thrown instanceof NotAFile)) throw thrown;
      throw new PageInstead(url, response.url);
    }
    response.discard();
    if (relationOf(validators, validatorsOf(response.head)) === 'other') throw this.#reopen('file_changed');
    throw this.#reopen('remote_contradiction', 'The server did not send the part that was requested.');
  }

  /** Where in the file the body of a response ends, exclusive; null = unknown. */
  endOf({ status, head }: HttpResponse): number | null {
    const extent = extentOf(status, head);
    return extent.kind === 'part' ? extent.end : this.#options.totalBytes;
  }

  /** A body that is longer than its head says. */
  tooLong(): Error {
    const message = 'The server sent more bytes than it announced.';
    const reopen = this.#reopen('remote_contradiction', message, true);
    return this.#options.ranged ? reopen : reopen.failure;
  }

  #reopen(code: ErrorCode, message?: string, withoutRange = false): ReopenRequired {
    const received = receivedBytes(this.#options.segments);
    return new ReopenRequired(new SluiceError(code, message), received, withoutRange);
  }
}
