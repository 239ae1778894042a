/** An inspector client that watches everything; or one that requests everything and then stops reading. */
import { WebSocket } from 'ws';
import { OperatorAuth } from '#lib/channel/operator.ts';
import { readTokenKey } from '#lib/channel/token-key.server.ts';
import { type InspectorServerMessage, INSPECTOR_SUBPROTOCOL } from '#lib/protocol/inspection.ts';
import type { TestServer } from '../../tests/support/server.ts';
import { settles } from '../../tests/support/wait.ts';

export interface InspectorFigures {
  entries: number;
  dropped: number;
  bytes: number;
}

export interface InspectingClient {
  readonly figures: InspectorFigures;
  close(): void;
}

export async function openInspector(server: TestServer, reads: boolean): Promise<InspectingClient> {
  const key = readTokenKey(server.place.dataDir);
  if (key === null) throw new Error('the server has no key');
  const operators = new OperatorAuth(key);
  const grant = new URL(operators.link(), server.url).searchParams.get('grant') ?? '';
  const cookie = operators.signIn(grant, false)?.split(';', 1)[0] ?? '';
  const address = `${server.url.replace(/^http/, 'ws')}/api/inspector/channel`;
  const socket = new WebSocket(address, [INSPECTOR_SUBPROTOCOL], { headers: { cookie } });
  const figures: InspectorFigures = { entries: 0, dropped: 0, bytes: 0 };
  socket.on('message', (data: Buffer) => {
    figures.bytes += data.length;
    const message = JSON.parse(data.toString()) as InspectorServerMessage;
    if (message.type !== 'log') return;
    figures.entries += message.entries.length;
    figures.dropped += message.dropped + (message.omitted ?? 0);
  });
  await settles(new Promise((resolve) => socket.once('open', resolve)), { what: 'the inspector to open' });
  socket.send(JSON.stringify({ type: 'watch' }));
  if (!reads) socket.pause();
  return { figures, close: () => socket.terminate() };
}
