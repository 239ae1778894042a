/** A client of the HTTP API: one session, its bearer token, and waiting for states. */
import type { DownloadState, DownloadView } from '#lib/protocol/download.ts';
import { isFinal } from '#lib/protocol/download.ts';
import type { ParseResult } from '#lib/protocol/media.ts';
import { waitFor } from './wait.ts';

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Added {
  url: string;
  streamId?: string;
  engine?: string;
  filename?: string;
  sha256?: string;
  commandId?: string;
}

/** The hang deadline of a whole download, including slow engine starts and merging. */
const DOWNLOAD_DEADLINE_MS = 180_000;

export class Api {
  readonly url: string;
  readonly token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  static async create(url: string): Promise<Api> {
    const response = await fetch(`${url}/api/sessions`, { method: 'POST' });
    if (response.status !== 201) throw new Error(`no session: ${response.status} ${await response.text()}`);
    const { token } = (await response.json()) as { token: string };
    return new Api(url, token);
  }

  /** The same session on a server that was restarted at another address. */
  at(url: string): Api {
    return new Api(url, this.token);
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((thrown: Error) => {
      throw new Error(`${method} ${path}: ${thrown.message}: ${String(thrown.cause)}`, { cause: thrown });
    });
    const text = await response.text();
    let parsed: unknown = text;
    if (/json/.test(response.headers.get('content-type') ?? '')) parsed = JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed as T };
  }

  /** Like `call`, but only one status is accepted. */
  async expect<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status === status) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`);
  }

  parse(url: string, engine?: string): Promise<ParseResult> {
    return this.expect(200, 'POST', '/api/parse', engine === undefined ? { url } : { url, engine });
  }

  async add(added: Added): Promise<string> {
    const { id } = await this.expect<{ id: string }>(202, 'POST', '/api/downloads', added);
    return id;
  }

  get(id: string): Promise<DownloadView> {
    return this.expect(200, 'GET', `/api/downloads/${id}`);
  }

  async list(query = ''): Promise<DownloadView[]> {
    const { downloads } = await this.expect<{ downloads: DownloadView[] }>(
      200,
      'GET',
      `/api/downloads${query}`,
    );
    return downloads;
  }

  act(id: string, action: 'pause' | 'resume' | 'cancel' | 'retry'): Promise<DownloadView> {
    return this.expect(202, 'POST', `/api/downloads/${id}/${action}`);
  }

  /** Resolves once `until` holds for the row; fails at once if the row is final and it does not hold. */
  waitUntil(id: string, what: string, until: (row: DownloadView) => boolean): Promise<DownloadView> {
    const probe = async (): Promise<DownloadView | null> => {
      const row = await this.get(id);
      if (until(row)) return row;
      if (isFinal(row.state)) throw new Error(`waited for ${what}, but: ${JSON.stringify(row)}`);
      return null;
    };
    return waitFor(probe, { what, deadlineMs: DOWNLOAD_DEADLINE_MS });
  }

  waitFor(id: string, ...states: DownloadState[]): Promise<DownloadView> {
    return this.waitUntil(id, `state ${states.join(' or ')}`, ({ state }) => states.includes(state));
  }
}
