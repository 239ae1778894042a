/** A client of the inspector over a real socket, which records all messages. */
import { WebSocket } from 'ws';
import {
  type ActorView,
  INSPECTOR_SUBPROTOCOL,
  type InspectorClientMessage,
  type InspectorServerMessage,
  type Observation,
} from '#lib/protocol/inspection.ts';
import { settles, waitFor } from './wait.ts';

export class InspectorSocket {
  readonly ws: WebSocket;
  readonly messages: InspectorServerMessage[] = [];

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as InspectorServerMessage);
    });
  }

  /** @returns an HTTP status when it is refused */
  static open(url: string, headers: Record<string, string>): Promise<InspectorSocket | number> {
    const address = url.replace(/^http/, 'ws') + '/api/inspector/channel';
    const ws = new WebSocket(address, [INSPECTOR_SUBPROTOCOL], { headers });
    const socket = new InspectorSocket(ws);
    ws.on('error', () => {});
    const answered = new Promise<InspectorSocket | number>((resolve) => {
      ws.on('open', () => resolve(socket));
      ws.on('unexpected-response', (asked, response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
        asked.destroy();
      });
    });
    return settles(answered, { what: 'the inspector to answer' });
  }

  send(message: InspectorClientMessage): void {
    this.ws.send(JSON.stringify(message));
  }

  close(): void {
    this.ws.terminate();
  }

  get log(): Observation[] {
    return this.messages.flatMap((message) => (message.type === 'log' ? message.entries : []));
  }

  /** The newest version of every line that was ever sent. */
  get lines(): ActorView[] {
    const lines = this.messages.flatMap((message) => (message.type === 'actors' ? message.set : []));
    return [...new Map(lines.map((line) => [line.id, line])).values()];
  }

  line<K extends ActorView['kind']>(
    kind: K,
    fits: (view: Extract<ActorView, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<ActorView, { kind: K }>> {
    type Wanted = Extract<ActorView, { kind: K }>;
    return waitFor(
      () =>
        this.messages
          .flatMap((message) => (message.type === 'actors' ? message.set : []))
          .find((view): view is Wanted => view.kind === kind && fits(view as Wanted)),
      { what: `a line of kind ${kind}` },
    );
  }
}
