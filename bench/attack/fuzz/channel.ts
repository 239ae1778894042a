/** Seeded nonsense on the socket: each frame is answered with a code, ignored, or ends its own connection; nothing else. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { CLOSE } from '#lib/protocol/channel.ts';
import { ERRORS } from '#lib/protocol/error.ts';
import { settles } from '../../../tests/support/wait.ts';
import type { Report } from '../report.ts';
import { eachAtOnce, type Scene } from '../scene.ts';
import { Mutator } from './mutate.ts';
import { watchServer } from './watch-server.ts';

/** Below the burst of a socket, after which messages are delayed. */
const FRAMES_OF_ONE = 900;
const LOOPS = 8;
/** Of RFC 6455, section 7.4.1: what `ws` says of frames that are none. */
const PROTOCOL_CODES = [1002, 1003, 1006, 1007, 1009];
const GOOD_CODES: number[] = [...Object.values(CLOSE), ...PROTOCOL_CODES];

const ID = 'aaaaaaaaaaaa';
const PRIVATE = 'http://10.0.0.7/film.mp4';
const MESSAGES = [
  { type: 'hello' },
  { type: 'hello', epoch: 'x', seq: 1 },
  { type: 'command', id: 'c1', name: 'add', url: PRIVATE },
  {
    type: 'command',
    id: 'c2',
    name: 'add',
    url: PRIVATE,
    streamId: 'a',
    engine: 'http',
    filename: 'x',
    title: 't',
    sha256: 'a'.repeat(64),
  },
  { type: 'command', id: 'c3', name: 'parse', url: PRIVATE, engine: 'yt-dlp', cursor: 'abc' },
  ...['pause', 'resume', 'cancel', 'retry'].map((name) => ({
    type: 'command',
    id: name,
    name,
    downloadId: ID,
  })),
  { type: 'command', id: 'c4', name: 'remove', downloadId: ID, file: 'delete' },
];

export async function fuzzChannel(scene: Scene, report: Report): Promise<void> {
  const { server, scale, seed } = scene;
  const frames = scale === 'full' ? 50_000 : 800;
  const check = watchServer(server, report);
  const closes = new Map<number | string, number>();
  await eachAtOnce(
    Array.from({ length: LOOPS }, (_, loop) => loop),
    LOOPS,
    async (loop) => {
      const mutator = new Mutator(seed * 1_000 + loop);
      let left = Math.ceil(frames / LOOPS);
      while (left > 0) {
        const { token } = await server.session();
        // Raw bytes instead of frames, now and then.
        const isRaw = mutator.dice.below(12) === 0;
        const [sent, end] = isRaw
          ? await rawFrames(server.port, token, mutator)
          : await textFrames(server.url, token, mutator, left);
        left -= sent;
        report.tried += sent;
        closes.set(end.how, (closes.get(end.how) ?? 0) + 1);
        if (end.through !== null) report.through.push(end.through);
      }
    },
  );
  await check();
  report.notes.push([...closes].map(([how, count]) => `${how} × ${count}`).join(', '));
}

interface End {
  how: number | string;
  through: string | null;
}

async function textFrames(
  url: string,
  token: string,
  mutator: Mutator,
  most: number,
): Promise<[number, End]> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, 'sluice.v1', {
    headers: { authorization: `Bearer ${token}` },
  });
  ws.on('error', () => undefined);
  let last = '';
  /** By the id of the command. */
  const texts = new Map<string, string>();
  let through: string | null = null;
  ws.on('message', (data: Buffer) => {
    const { type, id, error } = JSON.parse(data.toString()) as {
      type: string;
      id?: string;
      error?: { code: string };
    };
    if (type === 'reject' && (!(error!.code in ERRORS) || error!.code === 'internal_error'))
      through = `${error!.code} for ${(texts.get(id ?? '') ?? '').slice(0, 500)}`;
  });
  const closed = once(ws, 'close').then(([code]) => code as number);
  await settles(Promise.race([once(ws, 'open'), closed]), { what: 'a socket' });
  if (mutator.dice.below(8) > 0 && ws.readyState === ws.OPEN) ws.send('{"type":"hello"}');
  let sent = 0;
  while (ws.readyState === ws.OPEN && sent < Math.min(most, FRAMES_OF_ONE)) {
    last = mutator.text(MESSAGES);
    texts.set(/"id"\s*:\s*"([\w.:-]{1,64})"/.exec(last)?.[1] ?? '', last);
    const isBinary = mutator.dice.below(40) === 0;
    ws.send(isBinary ? Buffer.from(last) : last, { binary: isBinary });
    sent++;
    const pong = once(ws, 'pong');
    if (ws.readyState === ws.OPEN) ws.ping();
    await settles(Promise.race([pong, closed]), { what: `an answer to ${last.slice(0, 200)}` });
  }
  ws.close();
  const code = await settles(closed, { what: 'a socket to close' });
  if (!GOOD_CODES.includes(code) && code !== 1005)
    through = `closed with ${code} after ${last.slice(0, 500)}`;
  return [sent, { how: code, through }];
}

/** After a good upgrade, bytes that look like frames, or do not. */
async function rawFrames(port: number, token: string, mutator: Mutator): Promise<[number, End]> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(
    `GET /api/channel HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: sluice.v1\r\nauthorization: Bearer ${token}\r\n\r\n`,
  );
  await settles(Promise.race([once(socket, 'data'), closed]), { what: 'an upgrade' });
  socket.resume();
  const frames = 1 + mutator.dice.below(20);
  for (let n = 0; n < frames && !socket.destroyed; n++) writeFrame(socket, mutator);
  socket.end();
  // What is half a frame may be waited for: not longer than we stay.
  setTimeout(() => socket.destroy(), 20);
  await settles(closed, { what: 'the end of a socket' });
  return [frames, { how: 'raw', through: null }];
}

/** RFC 6455, section 5.2, of which any part may be wrong. */
function writeFrame(socket: Socket, mutator: Mutator): void {
  const { dice } = mutator;
  const bytes = (most: number): Buffer => mutator.bytes(most);
  const body = bytes(2_000);
  const first = dice.below(3) === 0 ? dice.below(256) : 0x80 | dice.pick([0, 1, 2, 8, 9, 10]);
  const isMasked = dice.below(5) > 0;
  const length = dice.below(6) === 0 ? dice.below(126) : Math.min(body.length, 125);
  const wide = dice.below(8) === 0 ? bytes(8) : Buffer.alloc(0);
  const second = (isMasked ? 0x80 : 0) | (wide.length > 0 ? 126 + dice.below(2) : length);
  socket.write(
    Buffer.concat([
      Buffer.from([first, second]),
      wide,
      isMasked ? bytes(4).subarray(0, 4) : Buffer.alloc(0),
      body,
    ]),
  );
}
