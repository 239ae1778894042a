/** Seeded nonsense over HTTP: paths, methods, headers, bodies. Each is answered with a code of ours below 500. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ERRORS } from '#lib/protocol/error.ts';
import { settles } from '../../../tests/support/wait.ts';
import type { Report } from '../report.ts';
import { eachAtOnce, type Scene } from '../scene.ts';
import { Mutator } from './mutate.ts';
import { watchServer } from './watch-server.ts';

const LOOPS = 8;
const ID = 'aaaaaaaaaaaa';
const PRIVATE = 'http://10.0.0.7/film.mp4';
const BODIES = [
  { url: PRIVATE },
  {
    url: PRIVATE,
    engine: 'http',
    streamId: 'a',
    filename: 'x',
    title: 't',
    sha256: 'a'.repeat(64),
    commandId: 'c1',
  },
  { url: PRIVATE, engine: 'yt-dlp', cursor: 'abc' },
  { grant: '1234567890123.abc.def' },
];
const PATHS = [
  ...[
    '/api/downloads',
    '/api/parse',
    '/api/downloads',
    '/api/parse',
    '/api/sessions',
    '/api/engines',
    '/api/links/read',
  ],
  ...[
    '/api/links/open',
    '/api/operator/sessions',
    '/api/inspector/trace',
    '/api/channel',
    '/api/inspector/channel',
  ],
  ...['', '/file', '/pause', '/resume', '/cancel', '/retry'].map((end) => `/api/downloads/${ID}${end}`),
  ...['/healthz', '/readyz', '/api', '/_app/version.json', '/favicon.svg', '/link'],
];
const QUERIES = [
  '',
  '',
  '?state=queued',
  '?limit=5&cursor=x',
  '?file=delete',
  `?download=${ID}`,
  '?grant=x',
  '?id=a',
  '?url=x',
];
const METHODS = [
  'GET',
  'POST',
  'POST',
  'POST',
  'DELETE',
  'PUT',
  'HEAD',
  'PATCH',
  'OPTIONS',
  'get',
  'PROPFIND',
];
const HEADERS = [
  ...[
    'range',
    'if-range',
    'if-none-match',
    'cookie',
    'content-type',
    'origin',
    'sec-fetch-site',
    'accept',
    'x-forwarded-for',
  ],
  ...[
    'expect',
    'connection',
    'upgrade',
    'content-encoding',
    'x-sluice-owner',
    'x-sluice-protocol',
    'authorization',
    'te',
  ],
];
const VALUES = [
  ...[
    'bytes=0-',
    'bytes=5-1',
    'bytes=0-0,2-3',
    'sluice_session=x',
    'application/json',
    'application/json; charset=x',
    'null',
  ],
  ...[
    'https://evil.example',
    'cross-site',
    'text/html',
    '127.0.0.1',
    '100-continue',
    'close',
    'websocket',
    'gzip',
    'local',
    '',
  ],
  ...['x'.repeat(4_000), 'Bearer x', '"', '\u00e9', 'a,b;c=d'],
];

interface Answer {
  status: number;
  body: string;
}

export async function fuzzApi(scene: Scene, report: Report): Promise<void> {
  const { server, scale, seed } = scene;
  const requests = scale === 'full' ? 50_000 : 800;
  const check = watchServer(server, report);
  const seen = new Map<string, number>();
  await eachAtOnce(
    Array.from({ length: LOOPS }, (_, loop) => loop),
    LOOPS,
    async (loop) => {
      const mutator = new Mutator(seed * 2_000 + loop);
      const { token } = await server.session();
      let socket: Socket | null = null;
      for (let left = Math.ceil(requests / LOOPS); left > 0; left--) {
        if (socket === null || socket.destroyed || !socket.writable) socket = await dial(server.port);
        const request = makeRequest(mutator, server.port, token);
        const { answer, isOver } = await send(socket, request);
        // After what is no request, nobody knows where the next one begins.
        if (isOver || request.isMalformed) socket.destroy();
        const { what, through } = judge(answer, request);
        seen.set(what, (seen.get(what) ?? 0) + 1);
        report.attempt(through);
      }
      socket?.destroy();
    },
  );
  await check();
  report.notes.push(
    [...seen]
      .sort((a, b) => b[1] - a[1])
      .map(([what, count]) => `${what} × ${count}`)
      .join(', '),
  );
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await settles(Promise.race([once(socket, 'connect'), once(socket, 'close')]), { what: 'a connection' });
  return socket;
}

interface Made {
  bytes: Buffer;
  method: string;
  path: string;
  /** Whether Node's parser may refuse it before we see it. */
  isMalformed: boolean;
}

function makeRequest(mutator: Mutator, port: number, token: string): Made {
  const { dice } = mutator;
  const method = dice.pick(METHODS);
  let path = dice.pick(PATHS) + dice.pick(QUERIES);
  let isMalformed = method === 'get';
  if (dice.below(4) === 0) {
    path = mutator.changedText(path);
    isMalformed ||= !/^\/[!-~]*$/.test(path);
  }
  const hasHost = dice.below(50) > 0;
  const lines = [`${method} ${path} HTTP/1.1`, ...(hasHost ? [`host: 127.0.0.1:${port}`] : [])];
  isMalformed ||= !hasHost;
  if (dice.below(6) > 0) lines.push(`authorization: Bearer ${token}`);
  for (let more = dice.below(4); more > 0; more--) lines.push(`${dice.pick(HEADERS)}: ${dice.pick(VALUES)}`);
  isMalformed ||= lines.some((line) => /^(expect|connection|upgrade|te|content-encoding):/.test(line));
  const body = Buffer.from(dice.below(3) === 0 && method !== 'POST' ? '' : mutator.text(BODIES));
  if (dice.below(8) > 0) lines.push('content-type: application/json');
  const isChunked = dice.below(10) === 0;
  lines.push(isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`);
  const sent = isChunked
    ? Buffer.concat([
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from(body.length > 0 ? '\r\n0\r\n\r\n' : '\r\n'),
      ])
    : body;
  return {
    bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), sent]),
    method,
    path,
    isMalformed,
  };
}

/** One answer, by its length. `isOver`: nothing more can be asked on this connection. */
async function send(
  socket: Socket,
  { bytes, method }: Made,
): Promise<{ answer: Answer | null; isOver: boolean }> {
  let received = Buffer.alloc(0);
  const done = Promise.withResolvers<{ answer: Answer | null; isOver: boolean }>();
  const onData = (part: Buffer): void => {
    received = Buffer.concat([received, part]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    if (status === 100) {
      received = received.subarray(end + 4);
      // The answer may have come with it.
      return onData(Buffer.alloc(0));
    }
    const hasBody = method !== 'HEAD' && status !== 204 && status !== 304 && status !== 101;
    const length = hasBody ? Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Infinity) : 0;
    const isOver = status === 101 || /^connection: close/im.test(head) || length === Infinity;
    const body = received.subarray(end + 4);
    if (body.length >= length) done.resolve({ answer: { status, body: body.toString() }, isOver });
    else if (length === Infinity) done.resolve({ answer: { status, body: '' }, isOver });
  };
  const onClose = (): void => done.resolve({ answer: null, isOver: true });
  socket.on('data', onData).once('close', onClose).once('end', onClose);
  socket.write(bytes);
  try {
    return await settles(done.promise, { what: `an answer to ${bytes.toString('latin1', 0, 500)}` });
  } finally {
    socket.off('data', onData).off('close', onClose).off('end', onClose);
  }
}

/** What a look-up may end with: an address that was changed may be of a server that is there, or away. */
const REMOTE = [502, 503, 504, 507];

function judge(
  answer: Answer | null,
  { bytes, path, isMalformed }: Made,
): { what: string; through: string | null } {
  const shown = (): string => JSON.stringify(bytes.toString('latin1', 0, 1_500));
  if (answer === null)
    return { what: 'closed', through: isMalformed ? null : `closed without an answer: ${shown()}` };
  const { status, body } = answer;
  const code = codeOf(body);
  const what = `${status} ${code ?? ''}`.trim();
  const isRemote =
    REMOTE.includes(status) && path.startsWith('/api/parse') && code !== undefined && code in ERRORS;
  if (status >= 500 && !isRemote) return { what, through: `${what} ${body.slice(0, 300)}: ${shown()}` };
  const needsCode = status >= 400 && /^\/api([/?]|$)/.test(path) && !isMalformed && body !== '';
  if (needsCode && !(code !== undefined && code in ERRORS))
    return { what, through: `no code, ${what}: ${shown()}` };
  return { what, through: null };
}

function codeOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { code?: string }).code;
  } catch {
    return undefined;
  }
}
