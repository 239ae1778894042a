import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { authOf } from '../../src/server/auth.ts';
import { isInContainer } from '../../src/server/container.ts';
import { ConfigError, readConfig } from '../../src/server/config.ts';

const auth = (env: Record<string, string>) => authOf(readConfig(env, '/home/ann', '/srv'));
const refusal = (env: Record<string, string>) => {
  try {
    auth(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return null;
};
const OPEN = { SLUICE_HOST: '0.0.0.0' };
const NAMED = { ...OPEN, SLUICE_ORIGINS: 'http://nas:3000' };

test('on loopback nobody has to sign in, and nothing has to be set', () => {
  assert.is(auth({}).mode, 'none');
  assert.is(auth({ SLUICE_HOST: '::1' }).mode, 'none');
  assert.is(auth({ SLUICE_AUTH: 'password' }).mode, 'password');
});

test('beyond loopback it has to be said who may, and the refusal has the line to type', () => {
  for (const env of [OPEN, NAMED, { ...OPEN, SLUICE_AUTH: 'none' }]) {
    const line = /SLUICE_HOST=0\.0\.0\.0 SLUICE_ORIGINS=(\S+) SLUICE_AUTH=password sluice serve/.exec(
      refusal(env) ?? '',
    );
    assert.ok(line, JSON.stringify(env));
    assert.is(line[1], env === NAMED ? 'http://nas:3000' : 'http://nas.local:3000');
    const typed = { SLUICE_HOST: '0.0.0.0', SLUICE_ORIGINS: line[1] ?? '', SLUICE_AUTH: 'password' };
    assert.is(auth(typed).mode, 'password', 'the line works');
  }
  assert.is(auth({ ...NAMED, SLUICE_AUTH: 'none' }).mode, 'none');
  assert.is(auth({ ...OPEN, SLUICE_AUTH: 'password' }).mode, 'password');
});

test('in a container people sign in unless something else is said', () => {
  const contained = (env: Record<string, string>) => authOf(readConfig(env, '/home/ann', '/srv'), true).mode;
  assert.equal(
    [contained(OPEN), contained(NAMED), contained({ ...NAMED, SLUICE_AUTH: 'none' }), contained({})],
    ['password', 'password', 'none', 'none'],
  );
  assert.throws(() => contained({ ...OPEN, SLUICE_AUTH: 'none' }), /SLUICE_ORIGINS=/);
  const looks = (env: Record<string, string>, ...files: string[]) =>
    isInContainer(env, (path) => files.includes(path));
  assert.equal(
    [
      looks({}),
      looks({ container: '' }, '/etc/passwd'),
      looks({ container: 'podman' }),
      looks({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }),
      looks({}, '/.dockerenv'),
      looks({}, '/run/.containerenv'),
    ],
    [false, false, true, true, true, true],
  );
});

test('a proxy has to be named by its addresses', () => {
  assert.match(refusal({ SLUICE_AUTH: 'proxy' }) ?? '', /SLUICE_TRUST_PROXY=127\.0\.0\.1/);
  assert.match(
    refusal({ SLUICE_AUTH: 'proxy', SLUICE_TRUST_PROXY: 'nginx' }) ?? '',
    /^SLUICE_TRUST_PROXY: "nginx"/,
  );
  assert.is(auth({ SLUICE_AUTH: 'proxy', SLUICE_TRUST_PROXY: '127.0.0.1' }).mode, 'proxy');
  assert.throws(() => auth({ SLUICE_AUTH: 'ldap' }), /SLUICE_AUTH is "ldap"/);
});

const ISSUER = {
  SLUICE_AUTH: 'oidc',
  SLUICE_OIDC_ISSUER: 'https://auth.example/realms/home',
  SLUICE_OIDC_CLIENT_ID: 'sluice',
  SLUICE_OIDC_CLIENT_SECRET: 'secret',
};

test('an issuer needs three lines, and each that is missing is named', () => {
  const { issuer, mode, proxy } = auth(ISSUER);
  assert.equal([mode, issuer?.name, proxy], ['oidc', 'auth.example', null]);
  assert.is(
    refusal({ SLUICE_AUTH: 'oidc' }),
    'SLUICE_AUTH is oidc, and this is missing: SLUICE_OIDC_ISSUER=https://auth.example ' +
      'SLUICE_OIDC_CLIENT_ID=sluice SLUICE_OIDC_CLIENT_SECRET_FILE=/path/to/the/secret',
  );
  for (const name of ['SLUICE_OIDC_ISSUER', 'SLUICE_OIDC_CLIENT_ID', 'SLUICE_OIDC_CLIENT_SECRET'])
    assert.match(refusal({ ...ISSUER, [name]: ' ' }) ?? '', new RegExp(`is missing: ${name}\\S*=\\S+$`));
});

test('an issuer over http is for this machine alone', () => {
  for (const url of ['http://auth.example', 'ftp://auth.example', 'auth.example', 'https://a.example/?x=1'])
    assert.match(refusal({ ...ISSUER, SLUICE_OIDC_ISSUER: url }) ?? '', /^SLUICE_OIDC_ISSUER is "/, url);
  for (const url of ['http://127.0.0.1:9091', 'http://[::1]:9091', 'http://localhost:9091'])
    assert.is(refusal({ ...ISSUER, SLUICE_OIDC_ISSUER: url }), null, url);
});

test("the client's secret may be in a file, in one place only", () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-oidc-'));
  try {
    const file = join(dir, 'secret');
    writeFileSync(file, 'from the file\n');
    const { SLUICE_OIDC_CLIENT_SECRET: _, ...others } = ISSUER;
    assert.is(refusal({ ...others, SLUICE_OIDC_CLIENT_SECRET_FILE: file }), null);
    assert.match(refusal({ ...ISSUER, SLUICE_OIDC_CLIENT_SECRET_FILE: file }) ?? '', /both set/);
    assert.match(
      refusal({ ...others, SLUICE_OIDC_CLIENT_SECRET_FILE: join(dir, 'none') }) ?? '',
      /none cannot be read \(ENOENT\)/,
    );
    writeFileSync(file, '\n');
    assert.match(refusal({ ...others, SLUICE_OIDC_CLIENT_SECRET_FILE: file }) ?? '', /is missing/);
  } finally {
    rmSync(dir, { recursive: true });
  }
  assert.match(refusal({ ...ISSUER, SLUICE_OIDC_ALLOW: 'staff' }) ?? '', /^SLUICE_OIDC_ALLOW: "staff"/);
});

test.run();
