/**
 * The kept HTTP client (undici) on the guard's dialling: every redirect is checked and dialled anew.
 *
 * Not undici's index: with it come fetch, WebSocket, caches and mocks, 1 MB of code that is never run: 20 ms
 * of the 180 ms of CPU that a start took, and 2 MB of the idle server (bench/start).
 */
import type { Readable } from 'node:stream';
import type { buildConnector } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import { checkUrl, MAX_URL_BYTES, parseUrl } from '../../protocol/url.ts';
import type { Guard } from '../../guard/dial.server.ts';
import { MAX_HEAD_BYTES } from './file/plain-head.ts';
import { type Head, headFrom } from './head.ts';
import { networkError } from './network-error.ts';
import { statusError } from './status.ts';

/** As browsers and curl: 10 hops are more than any honest chain has. */
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export const USER_AGENT = 'Mozilla/5.0 (compatible; Sluice/0.1)';

export interface HttpResponse {
  /** After redirects. */
  url: URL;
  status: number;
  head: Head;
  body: Readable;
  /** Lets go of a body nobody reads. Idempotent. */
  discard(): void;
}

export interface GetOptions {
  signal: AbortSignal;
  headers?: Record<string, string>;
  /** Statuses that are responses, not errors, beside 2xx. */
  accept?: readonly number[];
}

export interface HttpClient {
  /**
   * GET, redirects followed.
   * @throws SluiceError the guard's codes, `remote_*`, `too_many_redirects`, `connection_lost`, `timeout`,
   * `invalid_url`, `unsupported_scheme`; `signal.reason` after an abort
   */
  get(url: string, ask: GetOptions): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  guard: Guard;
  /** ms without a byte after which a body counts as stalled. */
  stallMs: number;
  /** ms a server may take to begin its response. */
  headTimeoutMs: number;
}

export function createHttpClient({ guard, stallMs, headTimeoutMs }: HttpClientOptions): HttpClient {
  const connect: buildConnector.connector = ({ hostname, port, protocol, servername }, callback) => {
    const tls = protocol === 'https:';
    guard
      .connect({
        host: hostname,
        port: port === '' ? (tls ? 443 : 80) : Number(port),
        tls,
        servername: servername === '' ? undefined : servername,
      })
      .then(
        (socket) => {
          callback(null, socket);
        },
        (error: unknown) => {
          callback(toSluiceError(error), null);
        },
      );
  };
  const dispatcher = new Agent({
    connect,
    bodyTimeout: stallMs,
    headersTimeout: headTimeoutMs,
    maxHeaderSize: MAX_HEAD_BYTES,
    pipelining: 1,
  });

  async function once(url: URL, { signal, headers }: GetOptions): Promise<HttpResponse> {
    try {
      const response = await request.call(dispatcher, {
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        signal,
        headers: { 'user-agent': USER_AGENT, accept: '*/*', 'accept-encoding': 'identity', ...headers },
      });
      const { body } = response;
      const discard = (): void => {
        // destroying a body that is not read makes undici emit an error on it
        body.on('error', () => {});
        body.destroy();
      };
      return { url, status: response.statusCode, head: headFrom(response.headers), body, discard };
    } catch (thrown) {
      throw networkError(thrown, signal);
    }
  }

  return {
    async get(text, ask) {
      let url = checkUrl(text);
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        const response = await once(url, ask);
        const { status, head } = response;
        if ((status >= 200 && status <= 299) || ask.accept?.includes(status)) return response;
        response.discard();
        const location = head.get('location');
        if (!REDIRECTS.has(status) || location === undefined) {
          throw statusError(status, head.get('retry-after') ?? null, Date.now());
        }
        if (location.length > MAX_URL_BYTES) throw new SluiceError('url_too_long');
        const next = parseUrl(location, url);
        if (next === null) throw new SluiceError('remote_status', 'The server redirects to no address.');
        // the guard's refusal needs no scheme check, but undici must never be handed anything but http(s)
        url = checkUrl(next.href);
      }
      throw new SluiceError('too_many_redirects');
    },
    close: () => dispatcher.destroy(),
  };
}

/** The whole body as bytes. @throws SluiceError `invalid_manifest` past `maxBytes`, and network codes */
export async function readBody(
  response: HttpResponse,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw networkError(thrown, signal, true);
  } finally {
    response.discard();
  }
  if (bytes > maxBytes)
    throw new SluiceError('invalid_manifest', `The answer is longer than ${maxBytes} bytes.`);
  return Buffer.concat(chunks);
}
