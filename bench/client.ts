/** A client like a browser: one session, one WebSocket. */
import { WebSocket } from 'ws';
import { type Change, type ServerMessage, SUBPROTOCOL } from '#lib/protocol/channel.ts';
import type { DownloadState, DownloadView } from '#lib/protocol/download.ts';
import { Api } from '../tests/support/api.ts';
import { settles } from '../tests/support/wait.ts';

export interface DownloadOptions {
  url: string;
  /** Absent = the server picks. */
  engine?: string;
  sha256?: string;
  onState?: (state: DownloadState) => void;
  deadlineMs?: number;
}

export interface CompletedDownload {
  id: string;
  name: string;
  /** From the command to the update that it is complete. */
  seconds: number;
}

type RowChange = Partial<DownloadView> & { id: string };

export class BenchClient {
  readonly #socket: WebSocket;
  readonly #listeners = new Set<(message: ServerMessage) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      for (const listener of this.#listeners) listener(message);
    });
  }

  static async open(serverUrl: string): Promise<BenchClient> {
    const { token } = await Api.create(serverUrl);
    const socket = new WebSocket(`${serverUrl.replace('http', 'ws')}/api/channel`, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${token}` },
    });
    await settles(new Promise((resolve) => socket.once('open', resolve)), { what: 'the socket to open' });
    socket.send(JSON.stringify({ type: 'hello' }));
    return new BenchClient(socket);
  }

  /** Adds a download and resolves when an update says that it is complete. */
  async download({
    url,
    engine,
    sha256,
    onState,
    deadlineMs = 120_000,
  }: DownloadOptions): Promise<CompletedDownload> {
    const commandId = crypto.randomUUID();
    const startedAt = performance.now();
    const landed = new Promise<CompletedDownload>((resolve, reject) => {
      let id = '';
      let name = '';
      const listen = (message: ServerMessage): void => {
        if (message.type === 'reject' && message.id === commandId) reject(new Error(message.error.message));
        if (message.type === 'ack' && message.id === commandId) id = (message.result as { id: string }).id;
        if (message.type !== 'update') return;
        const change = (message.changes as Change[]).find((each) => each.id === id) as RowChange | undefined;
        if (change?.state) onState?.(change.state);
        if (change?.file) name = change.file.name;
        if (change?.state === 'error') reject(new Error(JSON.stringify(change.error)));
        if (change?.state !== 'complete') return;
        this.#listeners.delete(listen);
        resolve({ id, name, seconds: (performance.now() - startedAt) / 1000 });
      };
      this.#listeners.add(listen);
    });
    this.#socket.send(JSON.stringify({ type: 'command', id: commandId, name: 'add', url, engine, sha256 }));
    return settles(landed, { deadlineMs, what: `the download of ${url}` });
  }

  close(): void {
    this.#socket.terminate();
  }
}
