/**
 * The HTTP client (undici), whose connections are made by the guard: every redirect is checked and connected anew.
 *
 * undici's index is not imported: it brings fetch, WebSocket, caches and mocks, 1 MB of code that is never run, which took
 * 20 ms of the 180 ms of CPU of a start and 2 MB of the idle server (bench/start).
 */
import type { Readable } from 'node:stream';
import type { buildConnector, Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import { type ErrorCode, SluiceError, toSluiceError } from '../../../protocol/error.ts';
import { authorityOf, UnreachableError } from '../../../protocol/unreachable.ts';
import { policyInHeader, type ReferrerPolicy } from '../../../protocol/referrer-policy.ts';
import { checkUrl, MAX_URL_BYTES, parseUrl } from '../../../protocol/url.ts';
import type { Guard } from '../../../guard/guard.server.ts';
import type { Cookies } from './cookies.server.ts';
import { pacedRequest } from './chunk-pacing.server.ts';
import { codingsOf, withoutFalseCoding } from '../head/codings.ts';
import { ignoreLength } from './early-end.server.ts';
import { type Head, headFrom } from '../head/head.ts';
import { isLate, markLate, PROMPT_MS } from '../failure/late-failure.ts';
import { addressText } from '../head/header-text.ts';
import { readLeniently } from './lenient-socket.server.ts';
import { MAX_LONG_HEAD_BYTES } from './long-head.ts';
import { networkError } from '../failure/network-error.ts';
import { portalError, RedirectRefused } from '../failure/portal.ts';
import { removeCredentials } from './redirect-login.ts';
import { DEFAULT_POLICY } from './referer.ts';
import { requestHeaders } from './request-headers.ts';
import { noFileError, statusError } from '../failure/status.ts';
import type { TypedAddresses } from '../memory/typed-addresses.ts';
import { headersOf, NO_CONTEXT, type ClientContext } from './client-context.ts';

/** https://fetch.spec.whatwg.org/#http-redirect-fetch, as all browsers do. */
const MAX_REDIRECTS = 20;
/** What a host may answer that serves a few connections at a time. */
const CROWDED: readonly ErrorCode[] = ['remote_busy', 'connection_lost', 'connect_failed'];
const CROWDED_STATUSES = new Set([403, 420, 421, 429, 500, 503, 509]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface HttpResponse {
  /** After redirects. */
  url: URL;
  /** Of its Referer: redirects may have set another than the page (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
  policy: ReferrerPolicy;
  status: number;
  head: Head;
  body: Readable;
  /** ms from the request to the head. */
  waitedMs: number;
  /** Closes a body that nobody reads. Idempotent. */
  discard(): void;
}

export interface GetOptions {
  signal: AbortSignal;
  headers?: Record<string, string>;
  /** Statuses that are not errors, besides 2xx. */
  accept?: readonly number[];
}

type HopOptions = GetOptions & Pick<HttpResponse, 'policy'>;

export interface HttpClientOptions {
  guard: Guard;
  /** ms without a byte after which a body counts as stalled. */
  stallMs: number;
  /** ms until the head of a response, for a client made by `withHeadTimeout`. */
  headTimeoutMs: number;
  /** ms until the first byte of a response, for all others; absent = `headTimeoutMs`. */
  firstByteMs?: number;
  /** Closes connections to a host that only wait to be used, and returns how many. */
  release?: (host: string) => number;
  /** Addresses that may be fetched by http instead of https; absent = none. */
  typed?: TypedAddresses | null;
}

/** Connections that were never made: their servers received nothing. */
const unconnected = new WeakSet<SluiceError>();

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #dispatcher: Dispatcher;
  readonly #context: ClientContext;

  /** @param inherited of another client, by `with` and `from` */
  constructor(options: HttpClientOptions, inherited?: { dispatcher: Dispatcher; context: ClientContext }) {
    this.#options = options;
    this.#context = inherited?.context ?? NO_CONTEXT;
    this.#dispatcher =
      inherited?.dispatcher ??
      new Agent({
        connect: connectorOf(options),
        headersTimeout: options.firstByteMs ?? options.headTimeoutMs,
        maxHeaderSize: 2 * MAX_LONG_HEAD_BYTES,
        pipelining: 1,
      });
  }

  /** The same connections, with the cookies and sign-ins of a job. */
  with(cookies: Cookies, more: Partial<Pick<ClientContext, 'onWaiting' | 'signIns'>> = {}): HttpClient {
    return this.#inherit({ ...this.#context, cookies, ...more });
  }

  /** As this one, but waits for a whole head only `headTimeoutMs`: for one of many requests. */
  withHeadTimeout(): HttpClient {
    return this.#inherit({ ...this.#context, hasHeadTimeout: true });
  }

  /** The same connections and cookies, for addresses that were found on this page. */
  from(page: URL | null, policy: ReferrerPolicy | null = null): HttpClient {
    return this.#inherit({ ...this.#context, page, policy: policy ?? DEFAULT_POLICY });
  }

  #inherit(context: ClientContext): HttpClient {
    return new HttpClient(this.#options, { dispatcher: this.#dispatcher, context });
  }

  /** See `from`. */
  get page(): URL | null {
    return this.#context.page;
  }

  /** Cookie, Referer and sign-in of a request for the address to which a response was redirected. */
  headersFor({ url, policy }: Pick<HttpResponse, 'url' | 'policy'>): Record<string, string> {
    return headersOf({ ...this.#context, policy }, url);
  }

  /**
   * GET, redirects followed.
   * @throws SluiceError the guard's codes, `remote_*`, `too_many_redirects`, `connection_lost`, `timeout`,
   * `invalid_url`, `unsupported_scheme`; `signal.reason` after an abort
   */
  async get(address: string, options: GetOptions): Promise<HttpResponse> {
    let url = checkUrl(address);
    let from: URL | null = null;
    let { policy } = this.#context;
    let headers = options.headers ?? {};
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await this.#requestAlone(url, { ...options, headers, policy }, hop === 0).catch(
        (thrown: unknown) => {
          const isRefused = hop > 0 && thrown instanceof SluiceError && thrown.code === 'address_refused';
          throw isRefused && from !== null ? new RedirectRefused(from, url, thrown) : thrown;
        },
      );
      if (response.status === 511 && response.url.protocol === 'http:') {
        response.discard();
        throw portalError(authorityOf(response.url.href) ?? '', true);
      }
      url = response.url;
      const { status, head } = response;
      const refusal = noFileError(response);
      if (refusal !== null) throw refusal;
      if ((status >= 200 && status <= 299) || options.accept?.includes(status)) return response;
      response.discard();
      const location = head.get('location');
      if (!REDIRECTS.has(status) || location === undefined) throw refusalOf(response);
      if (location.length > MAX_URL_BYTES) throw new SluiceError('url_too_long');
      const next = parseUrl(addressText(location), url);
      if (next === null) throw new SluiceError('remote_status', 'The server redirects to no address.');
      policy = policyInHeader(head.get('referrer-policy')) ?? policy;
      // the guard would refuse other schemes, but undici must never be handed anything but http(s)
      from = url;
      headers = { ...options.headers, ...removeCredentials(next) };
      url = checkUrl(next.href);
    }
    throw new SluiceError('too_many_redirects');
  }

  /**
   * Once more if the host may have been busy with connections that only wait.
   * @param isFirst only what was typed lacks a scheme: a server that redirects says which it means
   */
  async #requestAlone(url: URL, options: HopOptions, isFirst: boolean): Promise<HttpResponse> {
    const { release } = this.#options;
    const ask = (): Promise<HttpResponse> =>
      isFirst ? this.#requestTyped(url, options) : this.#request(url, options);
    try {
      const response = await ask();
      const isCrowded = CROWDED_STATUSES.has(response.status) && response.waitedMs < PROMPT_MS;
      if (!isCrowded || !release || release(url.host) === 0) return response;
      response.discard();
    } catch (thrown) {
      options.signal.throwIfAborted();
      const isCrowded = thrown instanceof SluiceError && CROWDED.includes(thrown.code) && !isLate(thrown);
      if (!isCrowded || !release || release(url.host) === 0) throw thrown;
    }
    return ask();
  }

  /** By http, if the scheme was not typed and there is no TLS server. */
  async #requestTyped(url: URL, options: HopOptions): Promise<HttpResponse> {
    const { typed } = this.#options;
    const current = typed?.current(url) ?? url;
    try {
      return await this.#request(current, options);
    } catch (thrown) {
      options.signal.throwIfAborted();
      const isWithout = current === url && hasNoTls(thrown) && !isLate(thrown);
      const plain = isWithout ? (typed?.fallback(url) ?? null) : null;
      if (plain === null) throw thrown;
      const response = await this.#request(plain, options);
      // A server that redirects to https has TLS, and only did not answer.
      if (!/^https:/i.test(response.head.get('location') ?? '')) typed?.recordPlain(url);
      return response;
    }
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  async #request(url: URL, { signal, headers, policy }: HopOptions): Promise<HttpResponse> {
    const { hasHeadTimeout, onWaiting, cookies } = this.#context;
    const { headTimeoutMs, stallMs, firstByteMs = headTimeoutMs, release } = this.#options;
    let isWaiting = !hasHeadTimeout;
    const onBegun = (): void => {
      if (isWaiting) onWaiting(false);
      isWaiting = false;
    };
    const startedMs = performance.now();
    // A server that serves one connection at a time may wait for one that waits to be used.
    const timer = setTimeout(() => release?.(url.host), PROMPT_MS);
    if (!hasHeadTimeout) onWaiting(true);
    try {
      const asked: Dispatcher.RequestOptions = {
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        signal,
        headers: requestHeaders({ ...this.headersFor({ url, policy }), ...headers }),
        // 0 = none: the socket itself limits the wait for the first byte, and between bytes.
        headersTimeout: hasHeadTimeout ? headTimeoutMs : 0,
      };
      const limits = { stallMs, firstByteMs: hasHeadTimeout ? stallMs : firstByteMs, onBegun };
      const { statusCode, body, ...sent } = await pacedRequest(this.#dispatcher, asked, limits);
      const discard = (): void => {
        // Before the next request says that it waits.
        onBegun();
        // destroying an unread body makes undici emit an error on it
        body.on('error', () => {});
        body.destroy();
      };
      const waitedMs = performance.now() - startedMs;
      const setCookie = sent.headers['set-cookie'];
      if (setCookie !== undefined) await cookies?.receive(url, [setCookie].flat());
      const head = withoutFalseCoding(url, headFrom(sent.headers));
      if (codingsOf(head).length === 0) ignoreLength(body);
      return { url, policy, status: statusCode, head, body, waitedMs, discard };
    } catch (thrown) {
      const error = networkError(thrown, signal);
      if (error instanceof SluiceError && !unconnected.has(error))
        markLate(error, performance.now() - startedMs);
      onBegun();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether no TLS connection came about: nothing was sent. Of undici's own timeouts, all come after the handshake. */
function hasNoTls(thrown: unknown): boolean {
  if (thrown instanceof UnreachableError) {
    const { obstacle, isConnected = false } = thrown.unreachable;
    return (obstacle === 'refused' || obstacle === 'timed_out') && !isConnected;
  }
  if (!(thrown instanceof SluiceError)) return false;
  const isHandshakeTimeout = thrown.code === 'timeout' && thrown.cause === undefined;
  return isHandshakeTimeout || thrown.code === 'tls_failed' || thrown.code === 'host_away';
}

function refusalOf({ status, head, waitedMs }: HttpResponse): SluiceError {
  const error = statusError(status, head.get('retry-after') ?? null, Date.now());
  markLate(error, waitedMs);
  return error;
}

function connectorOf(options: HttpClientOptions): buildConnector.connector {
  const { guard, stallMs, headTimeoutMs, firstByteMs = headTimeoutMs } = options;
  return ({ hostname: host, port, protocol, servername }, callback) => {
    const tls = protocol === 'https:';
    guard
      .connect({
        ...{ host, port: port === '' ? (tls ? 443 : 80) : Number(port), tls },
        servername: servername === '' ? undefined : servername,
      })
      .then(
        (socket) => callback(null, readLeniently(socket, { firstByteMs, stallMs })),
        (thrown: unknown) => {
          const error = toSluiceError(thrown);
          unconnected.add(error);
          callback(error, null);
        },
      );
  };
}
