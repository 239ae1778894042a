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
  assert.throws(() => auth({ SLUICE_AUTH: 'oidc' }), /SLUICE_AUTH is "oidc"/);
});

test.run();
