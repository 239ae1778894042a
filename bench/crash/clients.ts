/** A client that adds, pauses and removes, and repeats each request after a crash until it is answered. */
import type { DownloadView } from '#lib/protocol/download.ts';
import type { PlannedDownload } from './plan.ts';

const AGAIN_MS = 15;
const ANSWER_MS = 20_000;

export interface Answer<T> {
  status: number;
  body: T;
  /** The number of requests: if more than one, an earlier one may have taken effect. */
  asked: number;
}

export class Client {
  readonly #url: string;
  readonly #signal: AbortSignal;
  #token: string | null = null;

  /** @param signal ends all retries */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  async open(): Promise<void> {
    const { body } = await this.ask<{ token: string }>('POST', '/api/sessions');
    this.#token = body.token;
  }

  /** Repeats a request until a server answers that is neither starting nor stopping. */
  async ask<T>(method: string, path: string, json?: unknown): Promise<Answer<T>> {
    for (let asked = 1; ; asked++) {
      this.#signal.throwIfAborted();
      try {
        const response = await fetch(this.#url + path, {
          method,
          headers: {
            ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(json === undefined ? {} : { body: JSON.stringify(json) }),
          signal: AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS)]),
        });
        const text = await response.text();
        if (response.status !== 503 && response.status !== 429) {
          return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T, asked };
        }
      } catch (error) {
        if (error instanceof SyntaxError) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** @returns the id; from then on the download must never be lost */
  async add({ name, engine }: PlannedDownload, url: string): Promise<string> {
    const answer = await this.ask<{ id: string }>('POST', '/api/downloads', {
      url,
      engine,
      filename: name,
      commandId: `add-${name}`,
    });
    if (answer.status !== 202)
      throw new Error(`add ${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  }

  /** @returns whether it is paused; false when it had already ended */
  async pause(id: string): Promise<boolean> {
    const answer = await this.ask<DownloadView>('POST', `/api/downloads/${id}/pause`);
    if (answer.status === 202) return true;
    if (answer.status !== 409) throw new Error(`pause: ${answer.status} ${JSON.stringify(answer.body)}`);
    return (await this.get(id))?.state === 'paused';
  }

  async resume(id: string): Promise<void> {
    const { status, body } = await this.ask('POST', `/api/downloads/${id}/resume`);
    if (status !== 202 && status !== 409) throw new Error(`resume: ${status} ${JSON.stringify(body)}`);
  }

  async remove(id: string): Promise<void> {
    const { status, asked } = await this.ask('DELETE', `/api/downloads/${id}?file=delete`);
    // an earlier request may have taken effect
    if (status !== 204 && !(status === 404 && asked > 1)) throw new Error(`remove: ${status}`);
  }

  async get(id: string): Promise<DownloadView | null> {
    const { status, body } = await this.ask<DownloadView>('GET', `/api/downloads/${id}`);
    return status === 200 ? body : null;
  }

  async list(states = ''): Promise<DownloadView[]> {
    const rows: DownloadView[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = `limit=200&state=${states}&cursor=${cursor}`;
      const { body } = await this.ask<{ downloads: DownloadView[]; next: string | null }>(
        'GET',
        `/api/downloads?${query}`,
      );
      rows.push(...body.downloads);
      cursor = body.next;
    }
    return rows;
  }
}
