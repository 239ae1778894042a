/** Addresses that were typed without a scheme: http only where no TLS connection comes about. */
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { TypedAddresses } from '#lib/annie/http/memory/typed-addresses.ts';
import { codeOf, openGuard } from '../annie/http/kit.ts';
import { makeCertificate, tlsMissing } from '../site/tls.ts';
import { testUnless } from '../support/skip.ts';

interface Site {
  url: string;
  get(): Promise<string>;
  /** `https` or `http`, for each request. */
  requests: string[];
  close(): Promise<void>;
}

interface Behaviour {
  https: RequestListener;
  http: RequestListener;
  /** Whether the n-th handshake is cut, from 0; absent = none is. */
  isCut?: (n: number) => boolean;
  headTimeoutMs?: number;
}

/** One port for both: the first byte tells which. The addresses of two files were typed. */
async function openSite(behaviour: Behaviour): Promise<Site> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const certificate = await makeCertificate();
  const listener = (scheme: 'http' | 'https'): RequestListener => {
    return (request, response) => {
      requests.push(scheme);
      response.setHeader('Connection', 'close');
      behaviour[scheme](request, response);
    };
  };
  const [https, http] = [
    createHttpsServer(certificate, listener('https')),
    createHttpServer(listener('http')),
  ];
  let handshakes = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      if (first[0] !== 0x16) http.emit('connection', socket);
      else if (behaviour.isCut?.(handshakes++) === true) socket.destroy();
      else https.emit('connection', socket);
    });
    socket.resume().pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  const typed = new TypedAddresses(() => 'one');
  for (const path of ['/file', '/other']) typed.add(new URL(path, url), 'one');
  const guard = openGuard(certificate.cert);
  const { headTimeoutMs = 10_000 } = behaviour;
  const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs, typed });
  return {
    ...{ url, requests },
    async get() {
      const response = await client.get(url, { signal: new AbortController().signal });
      let text = '';
      for await (const chunk of response.body) text += String(chunk);
      return text;
    },
    async close() {
      await client.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const says =
  (text: string): RequestListener =>
  (_, response) =>
    response.end(text);

async function withSite(behaviour: Behaviour, body: (site: Site) => Promise<void>): Promise<void> {
  const site = await openSite(behaviour);
  try {
    await body(site);
  } finally {
    await site.close();
  }
}

testUnless(test, tlsMissing, 'nothing is sent in clear text once a TLS connection was there', async () => {
  const resets: RequestListener = ({ socket }) => socket.destroy();
  await withSite({ https: resets, http: says('plain') }, async (site) => {
    assert.is(await codeOf(site.get()), 'connection_lost');
    assert.equal(site.requests, ['https']);
  });
  const isSilent: RequestListener = () => undefined;
  await withSite({ https: isSilent, http: says('plain'), headTimeoutMs: 300 }, async (site) => {
    assert.is(await codeOf(site.get()), 'timeout');
    assert.equal(site.requests, ['https']);
  });
});

testUnless(test, tlsMissing, 'a handshake that fails once leaves a host with TLS as it was', async () => {
  let url = '';
  const redirects: RequestListener = (_, response) => response.writeHead(301, { location: url }).end();
  const behaviour = { https: says('secret'), http: redirects, isCut: (n: number) => n === 0 };
  await withSite(behaviour, async (site) => {
    ({ url } = site);
    assert.is(await site.get(), 'secret');
    assert.equal(site.requests, ['http', 'https']);
    assert.is(await site.get(), 'secret');
    assert.equal(site.requests, ['http', 'https', 'https']);
  });
  const dies: RequestListener = ({ socket }) => socket.destroy();
  await withSite({ https: says('secret'), http: dies, isCut: (n: number) => n === 0 }, async (site) => {
    assert.is(await codeOf(site.get()), 'connection_lost');
    assert.is(await site.get(), 'secret');
  });
});

testUnless(test, tlsMissing, 'where a redirect leads by https it is not followed by http', async () => {
  const redirects: RequestListener = (_, response) => response.writeHead(301, { location: '/other' }).end();
  await withSite({ https: redirects, http: says('plain'), isCut: (n) => n > 0 }, async (site) => {
    assert.is(await codeOf(site.get()), 'tls_failed');
    assert.equal(site.requests, ['https']);
  });
});

testUnless(
  test,
  tlsMissing,
  'without TLS every request goes by http, also those at the same time',
  async () => {
    await withSite({ https: says('no'), http: says('plain'), isCut: () => true }, async (site) => {
      assert.equal(await Promise.all([site.get(), site.get(), site.get()]), ['plain', 'plain', 'plain']);
      assert.is(await site.get(), 'plain');
      assert.equal(site.requests, ['http', 'http', 'http', 'http']);
    });
  },
);

test.run();
