import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AllowedOrigins, type RequestHead } from '#lib/channel/origin.ts';

const head = (part: Partial<RequestHead>): RequestHead => ({
  method: 'GET',
  host: '127.0.0.1:3000',
  origin: undefined,
  fetchSite: undefined,
  ...part,
});
const allowed = new AllowedOrigins('127.0.0.1', 3000, ['https://dl.example.org', 'http://nas:8080']);

function codeOf(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

for (const host of [
  '127.0.0.1:3000',
  'localhost:3000',
  'LocalHost:3000',
  '[::1]:3000',
  'dl.example.org',
  'DL.example.org:443',
  'nas:8080',
]) {
  test(`Host ${host} is allowed`, () =>
    assert.is(
      codeOf(() => allowed.check(head({ host }))),
      null,
    ));
}
for (const host of [
  undefined,
  '',
  'evil.example',
  '127.0.0.1',
  '127.0.0.1:3001',
  'localhost.:3000',
  'localhost:3000@evil',
  'nas',
  '2130706433:3000',
  '127.1:3000',
]) {
  test(`Host ${host} is refused, for pages too`, () => {
    assert.is(
      codeOf(() => allowed.check(head({ host }))),
      'forbidden_host',
    );
  });
}

for (const method of ['POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
  test(`${method} from another origin is refused, from an allowed one or from a program it is not`, () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'https://127.0.0.1:3000',
      'http://localhost:3001',
      'http://dl.example.org',
    ]) {
      assert.is(
        codeOf(() => allowed.check(head({ method, origin }))),
        'forbidden_origin',
        origin,
      );
    }
    for (const origin of [
      undefined,
      'http://127.0.0.1:3000',
      'http://localhost:3000',
      'https://dl.example.org',
    ]) {
      assert.is(
        codeOf(() => allowed.check(head({ method, origin }))),
        null,
        origin,
      );
    }
  });
}

test('without Origin, Sec-Fetch-Site decides', () => {
  for (const fetchSite of ['cross-site', 'same-site']) {
    assert.is(
      codeOf(() => allowed.check(head({ method: 'POST', fetchSite }))),
      'forbidden_origin',
      fetchSite,
    );
  }
  for (const fetchSite of ['same-origin', 'none', undefined]) {
    assert.is(
      codeOf(() => allowed.check(head({ method: 'POST', fetchSite }))),
      null,
      fetchSite,
    );
  }
});

test('GET from another origin is allowed, a WebSocket is not', () => {
  const foreign = head({ origin: 'https://evil.example' });
  assert.is(
    codeOf(() => allowed.check(foreign)),
    null,
  );
  assert.is(
    codeOf(() => allowed.checkUpgrade(foreign)),
    'forbidden_origin',
  );
  assert.is(
    codeOf(() => allowed.checkUpgrade(head({ host: 'evil.example' }))),
    'forbidden_host',
  );
  assert.is(
    codeOf(() => allowed.checkUpgrade(head({ origin: 'https://dl.example.org' }))),
    null,
  );
});

test('a Host is secure when its configured origin is https', () => {
  assert.ok(allowed.isSecure('dl.example.org'));
  assert.not(allowed.isSecure('127.0.0.1:3000'));
  assert.not(allowed.isSecure(undefined));
});

test('a server on all addresses allows loopback names, not the address that it listens on', () => {
  const open = new AllowedOrigins('0.0.0.0', 80, []);
  assert.is(
    codeOf(() => open.check(head({ host: 'localhost' }))),
    null,
  );
  assert.is(
    codeOf(() => open.check(head({ host: '0.0.0.0' }))),
    'forbidden_host',
  );
});

test('a loopback address in SLUICE_HOST is allowed, nothing that only looks like one is', () => {
  const open = (host: string) => new AllowedOrigins(host, 3000, []);
  assert.is(
    codeOf(() => open('127.0.1.12').check(head({ host: '127.0.1.12:3000' }))),
    null,
  );
  for (const host of ['127.evil.example', '127.0.0.1.evil', '192.168.1.5', '1127.0.0.1', '127.0.0.1234']) {
    const own = head({ host: `${host}:3000` });
    assert.is(
      codeOf(() => open(host).check(own)),
      'forbidden_host',
      host,
    );
  }
});

test.run();
