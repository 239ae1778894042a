import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError, isLoopback, readConfig } from '../../src/server/config.ts';

const read = (env: Record<string, string>) => readConfig(env, '/home/ann', '/srv');

test('an empty environment gives the documented defaults', () => {
  assert.equal(read({}), {
    host: '127.0.0.1',
    port: 3000,
    dataDir: '/home/ann/.local/state/sluice',
    downloadDir: '/home/ann/Downloads',
    engines: ['http', 'program:*', 'lux', 'yt-dlp'],
    maxActive: 8,
    maxActivePerSession: 3,
    throttleMs: 200,
    stallMs: 60_000,
    firstByteMs: 300_000,
    allowPrivate: '',
    origins: [],
    auth: null,
    trustProxy: '',
    userHeader: 'remote-user',
    oidc: { issuer: '', clientId: '', clientSecret: '', clientSecretFile: '', allow: '' },
    inspector: false,
    secretFile: '/home/ann/.local/state/sluice/secret.key',
    logLevel: 'info',
  });
});

test('a variable set to nothing counts as not set', () => {
  assert.equal(read({ SLUICE_PORT: '', SLUICE_ENGINES: ' ' }), read({}));
});

test('every variable is read', () => {
  const config = read({
    SLUICE_HOST: '[::]',
    SLUICE_PORT: '0',
    SLUICE_DATA_DIR: 'data',
    SLUICE_DOWNLOAD_DIR: '/media',
    SLUICE_ENGINES: 'yt-dlp, http',
    SLUICE_MAX_ACTIVE: '2',
    SLUICE_MAX_ACTIVE_PER_SESSION: '1',
    SLUICE_THROTTLE_MS: '50',
    SLUICE_STALL_MS: '1000',
    SLUICE_FIRST_BYTE_MS: '2000',
    SLUICE_ALLOW_PRIVATE: '127.0.0.1,10.0.0.0/8',
    SLUICE_ORIGINS: 'https://dl.example.org, http://NAS:8080/',
    SLUICE_AUTH: 'proxy',
    SLUICE_TRUST_PROXY: '10.0.0.1',
    SLUICE_USER_HEADER: 'X-User',
    SLUICE_OIDC_ISSUER: 'https://auth.example',
    SLUICE_OIDC_CLIENT_ID: 'sluice',
    SLUICE_OIDC_CLIENT_SECRET: 'secret',
    SLUICE_OIDC_CLIENT_SECRET_FILE: 'keys/client',
    SLUICE_OIDC_ALLOW: 'groups=media',
    SLUICE_INSPECTOR: '1',
    SLUICE_SECRET_FILE: 'keys/secret',
    SLUICE_LOG_LEVEL: 'debug',
  });
  assert.equal(config, {
    host: '::',
    port: 0,
    dataDir: '/srv/data',
    downloadDir: '/media',
    engines: ['yt-dlp', 'http'],
    maxActive: 2,
    maxActivePerSession: 1,
    throttleMs: 50,
    stallMs: 1000,
    firstByteMs: 2000,
    allowPrivate: '127.0.0.1,10.0.0.0/8',
    origins: ['https://dl.example.org', 'http://nas:8080'],
    auth: 'proxy',
    trustProxy: '10.0.0.1',
    userHeader: 'x-user',
    oidc: {
      issuer: 'https://auth.example',
      clientId: 'sluice',
      clientSecret: 'secret',
      clientSecretFile: '/srv/keys/client',
      allow: 'groups=media',
    },
    inspector: true,
    secretFile: '/srv/keys/secret',
    logLevel: 'debug',
  });
});

test('XDG_STATE_HOME moves the data dir, a relative one is ignored', () => {
  assert.is(read({ XDG_STATE_HOME: '/state' }).dataDir, '/state/sluice');
  assert.is(read({ XDG_STATE_HOME: 'state' }).dataDir, '/home/ann/.local/state/sluice');
});

const BAD: [string, string][] = [
  ['SLUICE_HOST', 'a b'],
  ['SLUICE_PORT', '65536'],
  ['SLUICE_PORT', '-1'],
  ['SLUICE_PORT', '3000x'],
  ['SLUICE_PORT', '1e3'],
  ['SLUICE_ENGINES', 'http,wget'],
  ['SLUICE_ENGINES', 'http,,lux'],
  ['SLUICE_MAX_ACTIVE', '0'],
  ['SLUICE_MAX_ACTIVE_PER_SESSION', 'many'],
  ['SLUICE_THROTTLE_MS', '0'],
  ['SLUICE_STALL_MS', '1.5'],
  ['SLUICE_FIRST_BYTE_MS', '99'],
  ['SLUICE_ORIGINS', 'dl.example.org'],
  ['SLUICE_ORIGINS', 'https://dl.example.org/path'],
  ['SLUICE_ORIGINS', '*'],
  ['SLUICE_ORIGINS', 'ftp://dl.example.org'],
  ['SLUICE_INSPECTOR', 'yes'],
  ['SLUICE_LOG_LEVEL', 'loud'],
];
for (const [name, value] of BAD) {
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(
      () => read({ [name]: value }),
      (error: unknown) => error instanceof ConfigError && error.message.startsWith(`${name} is `),
    );
  });
}

test('loopback is told from what others can reach', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'localhost.example.org'])
    assert.not(isLoopback(host), host);
});

test.run();
