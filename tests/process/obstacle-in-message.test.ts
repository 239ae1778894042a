import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOf as luxFailure } from '#lib/foreign/lux/failure.ts';
import { failureOf as ytDlpFailure } from '#lib/foreign/yt-dlp/failure.ts';
import { withRunProxy } from '#lib/process/run-proxy.ts';
import { obstacleInMessage } from '#lib/process/obstacle-in-message.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { UnreachableError } from '#lib/protocol/unreachable.ts';

/** As yt-dlp 2026.10.26 prints them, with urllib and with requests. */
for (const [said, obstacle] of [
  ['<urlopen error [Errno -3] Temporary failure in name resolution>', 'no_dns'],
  ["Failed to resolve 'x.example' ([Errno -3] Temporary failure in name resolution)", 'no_dns'],
  ['<urlopen error [Errno -2] Name or service not known>', 'no_name'],
  ['<urlopen error [Errno 101] Network is unreachable>', 'no_route'],
  ['Failed to establish a new connection: [Errno 113] No route to host', 'no_route'],
  ['Failed to establish a new connection: [Errno 111] Connection refused', 'refused'],
  ['<urlopen error timed out>', 'timed_out'],
  ['Connection to x.example timed out. (connect timeout=20.0)', 'timed_out'],
  ['The read operation timed out', null],
  ['HTTP Error 403: Forbidden', null],
  ['Connection reset by peer', null],
] as const) {
  test(`yt-dlp: "${said}" is ${obstacle}`, () => {
    const line = `[generic] x: Unable to download webpage: ${said}`;
    assert.is(obstacleInMessage(ytDlpFailure([line], 1, null)), obstacle);
  });
}

for (const [said, obstacle] of [
  ['dial tcp: lookup x on 10.0.0.1:53: no such host', 'no_name'],
  ['dial tcp: lookup x: Temporary failure in name resolution', 'no_dns'],
  ['dial tcp: lookup x on 10.0.0.1:53: server misbehaving', 'no_dns'],
  ['dial tcp 192.0.2.1:443: connect: network is unreachable', 'no_route'],
  ['dial tcp 192.0.2.1:443: connect: connection refused', 'refused'],
  ['dial tcp 192.0.2.1:443: i/o timeout', 'timed_out'],
  ['read tcp 10.0.0.2:5->192.0.2.1:443: read: connection reset by peer', null],
] as const) {
  test(`lux: "${said}" is ${obstacle}`, () => {
    assert.is(obstacleInMessage(luxFailure('lux', [said], 1, null)), obstacle);
  });
}

test('what the proxy could not reach is the reason, whatever the engine made of its answer', async () => {
  const unreached = new UnreachableError({ host: 'cdn.example:443', obstacle: 'timed_out' });
  const proxy = {
    outletFor: () => ({ serve: () => undefined, url: () => 'http://x' }),
    refused: () => null,
    unreached: () => unreached,
    forget: () => undefined,
  };
  for (const code of ['remote_error', 'engine_exit'] as const) {
    const thrown: unknown = await withRunProxy(proxy, 'lux', 'https://page.example/', () =>
      Promise.reject(new SluiceError(code)),
    ).catch((error: unknown) => error);
    assert.is(thrown, unreached);
  }
  const denied: unknown = await withRunProxy(proxy, 'lux', 'https://page.example/', () =>
    Promise.reject(new SluiceError('remote_denied')),
  ).catch((error: unknown) => error);
  assert.is((denied as SluiceError).code, 'remote_denied');
});

test('what an engine that dials by itself could not reach is the host of its address', async () => {
  const thrown: unknown = await withRunProxy(null, 'yt-dlp', 'https://page.example/x', () =>
    Promise.reject(new SluiceError('connect_failed', 'yt-dlp: [Errno 101] Network is unreachable')),
  ).catch((error: unknown) => error);
  assert.equal((thrown as UnreachableError).unreachable, { host: 'page.example:443', obstacle: 'no_route' });
});

test.run();
