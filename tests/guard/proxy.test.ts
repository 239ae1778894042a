import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execFile } from 'node:child_process';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { ProxyAgent, request } from 'undici';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const seen: { url: string; headers: Record<string, unknown> }[] = [];
const origin = createHttp((req, res) => {
  seen.push({ url: req.url ?? '', headers: req.headers });
  if (req.url === '/to-metadata') res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
  else if (req.url === '/endless') res.write('x');
  else res.writeHead(200, { 'x-kept': 'yes' }).end(`got ${req.method ?? ''} ${req.url ?? ''}`);
});
const originPort = await portOf(origin);
const guard = createGuard({ allowPrivate: parseAllowPrivate(`127.0.0.1:${originPort}`) });
const proxy = await startProxy({ guard });

const curl = (args: string[]): Promise<{ code: number; stdout: string }> =>
  new Promise((resolve) => {
    execFile('curl', ['-sS', '--max-time', '20', ...args], (error, stdout) => {
      resolve({ code: error ? Number(error.code) : 0, stdout });
    });
  });
const curlMissing = await curl(['--version']).then(({ code }) =>
  code === 0 ? null : 'no curl: apt-get install curl',
);

testUnless(test, curlMissing, 'curl fetches in absolute form and through CONNECT', async () => {
  const url = `http://127.0.0.1:${originPort}/a?b=c`;
  const plain = await curl(['-x', proxy.urlFor('job-1'), url]);
  assert.equal(plain, { code: 0, stdout: 'got GET /a?b=c' });
  const tunnelled = await curl(['-x', proxy.urlFor('job-1'), '--proxytunnel', url]);
  assert.equal(tunnelled, { code: 0, stdout: 'got GET /a?b=c' });
  assert.is(proxy.refused('job-1'), null);
});

testUnless(
  test,
  curlMissing,
  'a redirect to a private address is refused and known to its job only',
  async () => {
    const url = `http://127.0.0.1:${originPort}/to-metadata`;
    const { stdout } = await curl(['-L', '-x', proxy.urlFor('job 2/ü'), url]);
    assert.match(stdout, 'address_refused');
    assert.is(proxy.refused('job 2/ü'), '169.254.169.254');
    assert.is(proxy.refused('job-1'), null);
    proxy.forget('job 2/ü');
    assert.is(proxy.refused('job 2/ü'), null);
  },
);

testUnless(test, curlMissing, 'CONNECT to a private address in any spelling is refused', async () => {
  for (const host of [
    'localhost:1',
    '0x7f.1:22',
    '[::1]:80',
    '2130706433:80',
    '[::ffff:169.254.169.254]:80',
  ]) {
    proxy.forget('job-3');
    const { code } = await curl(['-x', proxy.urlFor('job-3'), `https://${host}/`]);
    assert.is.not(code, 0);
    assert.ok(proxy.refused('job-3'), host);
  }
});

test('without the password of this start nothing is fetched', async () => {
  const before = seen.length;
  const bare = proxy.urlFor('x').replace(/\/\/.*@/, '//');
  const wrong = proxy
    .urlFor('x')
    .replace(/:([\w-]+)@/, (_, secret: string) => `:${'A'.repeat(secret.length)}@`);
  for (const uri of [bare, wrong]) {
    for (const proxyTunnel of [true, false]) {
      const dispatcher = new ProxyAgent({ uri, proxyTunnel });
      const status = await request(`http://127.0.0.1:${originPort}/`, { dispatcher }).then(
        async ({ statusCode, body }) => {
          await body.dump();
          return statusCode;
        },
        () => 407,
      );
      assert.is(status, 407);
      await dispatcher.close();
    }
  }
  assert.is(seen.length, before);
});

test('credentials and hop-by-hop fields stay at the proxy', async () => {
  const dispatcher = new ProxyAgent({ uri: proxy.urlFor('job-4'), proxyTunnel: false });
  const answer = await request(`http://127.0.0.1:${originPort}/h`, {
    dispatcher,
    method: 'POST',
    headers: { 'x-mine': '1' },
    body: 'hello',
  });
  assert.is(await answer.body.text(), 'got POST /h');
  assert.is(answer.headers['x-kept'], 'yes');
  const head = seen.at(-1)?.headers ?? {};
  assert.is(head['x-mine'], '1');
  assert.not('proxy-authorization' in head);
  await dispatcher.close();
});

test('forget closes the connections of the job', async () => {
  const url = new URL(proxy.urlFor('job-5'));
  const socket = connect(Number(url.port), '127.0.0.1');
  const auth = Buffer.from(`${url.username}:${url.password}`).toString('base64');
  socket.write(
    `CONNECT 127.0.0.1:${originPort} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${auth}\r\n\r\nGET /endless HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await waitFor(() => text.includes('200 OK'), { what: 'the answer through the tunnel' });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  proxy.forget('job-5');
  await settles(closed);
});

test('a tunnel that cannot be made is answered with why, and the connection ends', async () => {
  const failing = createGuard({
    resolve: () => Promise.resolve([]),
  });
  const other = await startProxy({ guard: failing });
  const url = new URL(other.urlFor('job'));
  const auth = `Proxy-Authorization: Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}\r\n`;
  const answerTo = async (head: string): Promise<string> => {
    const socket = connect(Number(url.port), '127.0.0.1').on('error', () => {});
    socket.write(head);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await settles(new Promise((resolve) => socket.once('close', resolve)));
    assert.match(text, /^connection: close\r$/im, head);
    return text.split('\r\n')[0] ?? '';
  };
  const connectTo = (authority: string): Promise<string> =>
    answerTo(`CONNECT ${authority} HTTP/1.1\r\nHost: x\r\n${auth}\r\n`);
  assert.is(await connectTo('127.0.0.1:80'), 'HTTP/1.1 403 address_refused');
  assert.is(other.refused('job'), '127.0.0.1');
  assert.is(await connectTo('[::1]:80'), 'HTTP/1.1 403 address_refused');
  assert.is(other.refused('job'), '::1');
  assert.is(await connectTo('nonsense'), 'HTTP/1.1 400 invalid_url');
  assert.is(await connectTo('none.example:80'), 'HTTP/1.1 502 dns_failed');
  assert.match(await answerTo('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 407 /);
  assert.match(await answerTo('GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 407 /);
  assert.match(await answerTo(`GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n${auth}\r\n`), / 403 /);
  assert.match(await answerTo(`GET https://a.example/ HTTP/1.1\r\nHost: x\r\n${auth}\r\n`), / 400 /);
  await other.close();
});

test('a client that goes away ends what was asked for it', async () => {
  const url = new URL(proxy.urlFor('job-9'));
  const auth = Buffer.from(`${url.username}:${url.password}`).toString('base64');
  const asked = new Promise<IncomingMessage>((resolve) => origin.once('request', resolve));
  const socket = connect(Number(url.port), '127.0.0.1').on('error', () => {});
  socket.write(
    `GET http://127.0.0.1:${originPort}/endless HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${auth}\r\n\r\n`,
  );
  await settles(new Promise((resolve) => socket.once('data', resolve)));
  const closed = new Promise((resolve) => void asked.then((req) => req.socket.once('close', resolve)));
  await asked;
  socket.destroy();
  await settles(closed);
});

test('malformed requests and targets do no harm', async () => {
  const url = new URL(proxy.urlFor('job-6'));
  const auth = `Proxy-Authorization: Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}\r\n`;
  for (const head of [
    '\x00\x01\x02\r\n\r\n',
    `CONNECT nonsense HTTP/1.1\r\n${auth}\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\n${auth}\r\n`,
    `GET ftp://x/ HTTP/1.1\r\nHost: x\r\n${auth}\r\n`,
    `GET https://x/ HTTP/1.1\r\nHost: x\r\n${auth}\r\n`,
  ]) {
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.end(head);
    await settles(new Promise((resolve) => socket.once('close', resolve)));
  }
  const dispatcher = new ProxyAgent({ uri: proxy.urlFor('job-6'), proxyTunnel: false });
  const { statusCode, body } = await request(`http://127.0.0.1:${originPort}/ok`, { dispatcher });
  await body.dump();
  assert.is(statusCode, 200);
  await dispatcher.close();
});

test('a job has so many connections at a time and no more, also with a password', async () => {
  const url = new URL(proxy.urlFor('job-7'));
  const auth = Buffer.from(`${url.username}:${url.password}`).toString('base64');
  const open = async (): Promise<string> => {
    const socket = connect(Number(url.port), '127.0.0.1').on('error', () => {});
    socket.write(
      `CONNECT 127.0.0.1:${originPort} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${auth}\r\n\r\n`,
    );
    return new Promise((resolve) => {
      socket.once('data', (chunk: Buffer) => resolve(/ \d+ /.exec(String(chunk))?.[0].trim() ?? ''));
      socket.once('close', () => resolve('closed'));
    });
  };
  const answers: string[] = [];
  for (let n = 0; n < 270; n++) answers.push(await settles(open()));
  assert.equal(answers.indexOf('closed'), 256);
  assert.equal(new Set(answers.slice(256)), new Set(['closed']));
  assert.equal((await curl(['-x', proxy.urlFor('job-8'), `http://127.0.0.1:${originPort}/`])).code, 0);
  proxy.forget('job-7');
});

test.after(async () => {
  await proxy.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

test.run();
