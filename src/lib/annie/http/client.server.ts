/**
 * The HTTP client (undici), whose connections are made by the guard: every redirect is checked and connected anew.
 *
 * undici's index is not imported: it brings fetch, WebSocket, caches and mocks, 1 MB of code that is never run, which took
 * 20 ms of the 180 ms of CPU of a start and 2 MB of the idle server (bench/start).
 */
import type { Readable } from 'node:stream';
import type { buildConnector, Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import { checkUrl, MAX_URL_BYTES, parseUrl } from '../../protocol/url.ts';
import type { Guard } from '../../guard/guard.server.ts';
import { MAX_HEAD_BYTES } from './file/plain-head.ts';
import { type Head, headFrom } from './head.ts';
import { networkError } from './network-error.ts';
import { requestHeaders } from './request-headers.ts';
import { statusError } from './status.ts';

/** More than any honest chain of redirects has. */
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface HttpResponse {
  /** After redirects. */
  url: URL;
  status: number;
  head: Head;
  body: Readable;
  /** Closes a body that nobody reads. Idempotent. */
  discard(): void;
}

export interface GetOptions {
  signal: AbortSignal;
  headers?: Record<string, string>;
  /** Statuses that are not errors, besides 2xx. */
  accept?: readonly number[];
}

export interface HttpClientOptions {
  guard: Guard;
  /** ms without a byte after which a body counts as stalled. */
  stallMs: number;
  /** ms until the head of a response. */
  headTimeoutMs: number;
}

export class HttpClient {
  readonly #dispatcher: Dispatcher;

  constructor({ guard, stallMs, headTimeoutMs }: HttpClientOptions) {
    this.#dispatcher = new Agent({
      connect: connectorOf(guard),
      bodyTimeout: stallMs,
      headersTimeout: headTimeoutMs,
      maxHeaderSize: MAX_HEAD_BYTES,
      pipelining: 1,
    });
  }

  /**
   * GET, redirects followed.
   * @throws SluiceError the guard's codes, `remote_*`, `too_many_redirects`, `connection_lost`, `timeout`,
   * `invalid_url`, `unsupported_scheme`; `signal.reason` after an abort
   */
  async get(address: string, options: GetOptions): Promise<HttpResponse> {
    let url = checkUrl(address);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await this.#request(url, options);
      const { status, head } = response;
      if ((status >= 200 && status <= 299) || options.accept?.includes(status)) return response;
      response.discard();
      const location = head.get('location');
      if (!REDIRECTS.has(status) || location === undefined) {
        throw statusError(status, head.get('retry-after') ?? null, Date.now());
      }
      if (location.length > MAX_URL_BYTES) throw new SluiceError('url_too_long');
      const next = parseUrl(location, url);
      if (next === null) throw new SluiceError('remote_status', 'The server redirects to no address.');
      // the guard would refuse other schemes, but undici must never be handed anything but http(s)
      url = checkUrl(next.href);
    }
    throw new SluiceError('too_many_redirects');
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  async #request(url: URL, { signal, headers }: GetOptions): Promise<HttpResponse> {
    try {
      const {
        statusCode,
        headers: received,
        body,
      } = await request.call(this.#dispatcher, {
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        signal,
        headers: requestHeaders(headers),
      });
      const discard = (): void => {
        // destroying an unread body makes undici emit an error on it
        body.on('error', () => {});
        body.destroy();
      };
      return { url, status: statusCode, head: headFrom(received), body, discard };
    } catch (thrown) {
      throw networkError(thrown, signal);
    }
  }
}

function connectorOf(guard: Guard): buildConnector.connector {
  return ({ hostname: host, port, protocol, servername }, callback) => {
    const tls = protocol === 'https:';
    guard
      .connect({
        ...{ host, port: port === '' ? (tls ? 443 : 80) : Number(port), tls },
        servername: servername === '' ? undefined : servername,
      })
      .then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(toSluiceError(error), null),
      );
  };
}
