/** Hosts as browsers reach them: by IPv6 alone, and by names in other scripts (UTS 46). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { response, startWildOrigin } from './origin.ts';
import { openWildKit } from './outcome.ts';

const asked: string[] = [];
/** Names and the addresses that their name server has. */
const NAMES: Record<string, string[]> = { 'xn--bcher-kva.example': ['127.0.0.1'], 'six.example': ['::1'] };
const guard = createGuard({
  allowPrivate: parseAllowPrivate('127.0.0.1,::1'),
  resolve: (name) => {
    asked.push(name);
    return Promise.resolve(NAMES[name] ?? []);
  },
});
const kit = await openWildKit({ guard });
const six = await startWildOrigin('::1').catch(() => null);
const portOf = (url: string): string => url.slice(url.lastIndexOf(':') + 1);

test('a host with a name in another script is asked for, and named, in its ASCII form', async () => {
  let host: string | undefined;
  kit.origin.serve('/ü.bin', () => '');
  kit.origin.serve('/%C3%BC.bin', (request) => {
    host = request.headers.get('host');
    return response('Content-Type: application/octet-stream', 'idn');
  });
  for (const name of ['bücher.example', 'BÜCHER.example', 'xn--bcher-kva.example', 'bücher。example']) {
    const saved = await kit.download(`http://${name}:${portOf(kit.origin.url)}/ü.bin`);
    assert.equal([saved.state, saved.name, saved.body.toString()], ['complete', 'ü.bin', 'idn'], name);
    assert.is(host, `xn--bcher-kva.example:${portOf(kit.origin.url)}`);
  }
  assert.equal([...new Set(asked)], ['xn--bcher-kva.example']);
});

test('a host that has IPv6 alone is reached, by its name and by its address', async () => {
  // A machine without IPv6 has no such host.
  if (six === null) return;
  six.serve('/six.bin', response('Content-Type: application/octet-stream', 'six'));
  const port = portOf(six.url);
  for (const host of ['six.example', '[::1]', '[0:0:0:0:0:0:0:1]']) {
    const saved = await kit.download(`http://${host}:${port}/six.bin`);
    assert.equal([saved.state, saved.body.toString()], ['complete', 'six'], saved.message);
  }
});

test.after(async () => {
  await six?.close();
  await kit.close();
});

test.run();
