import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sluice } from '../support/cli.ts';
import { makePlace, PROJECT, sluiceEnv, startServer } from '../support/server.ts';
import { settles, waitFor } from '../support/wait.ts';
import { ask } from './ask.ts';

async function withPlace(body: (place: ReturnType<typeof makePlace>) => Promise<void>): Promise<void> {
  const place = makePlace();
  try {
    await body(place);
  } finally {
    place.remove();
  }
}

test('a port in use stops the start with one line that names SLUICE_PORT', () =>
  withPlace(async (place) => {
    const first = await startServer();
    try {
      const { code, stderr, stdout } = await sluice(['serve'], {
        place,
        env: { SLUICE_PORT: String(first.port) },
      });
      assert.is(code, 1);
      assert.match(stderr, /^sluice: .*SLUICE_PORT.*\n$/);
      assert.is(stdout, '');
    } finally {
      await first.stop();
    }
  }));

test('a data dir in use by another server stops the start and leaves the other running', () =>
  withPlace(async (place) => {
    const first = await startServer({ place });
    try {
      const { code, stderr } = await sluice(['serve'], { place, env: { SLUICE_PORT: '0' } });
      assert.is(code, 1);
      assert.match(stderr, /^sluice: .*SLUICE_DATA_DIR.*\n$/);
      assert.is((await ask(first.url, '/readyz')).status, 200);
    } finally {
      await first.stop();
    }
  }));

for (const [name, value] of [
  ['SLUICE_PORT', 'http'],
  ['SLUICE_ALLOW_PRIVATE', '300.1.1.1/8'],
  ['SLUICE_ORIGINS', '*'],
  ['SLUICE_DOWNLOAD_DIR', '/dev/null/x'],
] as const) {
  test(`${name}=${value} stops the start with a line that names it`, () =>
    withPlace(async (place) => {
      const { code, stderr } = await sluice(['serve'], { place, env: { SLUICE_PORT: '0', [name]: value } });
      assert.is(code, 1);
      assert.match(stderr, new RegExp(`^sluice: .*${name}.*\n$`));
    }));
}

test('a host that other machines can reach needs to know who may, and is started by the line that the refusal names', () =>
  withPlace(async (place) => {
    const { code, stderr } = await sluice(['serve'], {
      place,
      // Said, as in a container it would be `password`.
      env: { SLUICE_PORT: '0', SLUICE_HOST: '0.0.0.0', SLUICE_AUTH: 'none' },
    });
    assert.is(code, 1);
    assert.match(
      stderr,
      /^sluice: .*SLUICE_HOST=0\.0\.0\.0 SLUICE_ORIGINS=\S+ SLUICE_AUTH=password sluice serve.*\n$/,
    );
  }));

test('a host that other machines can reach without SLUICE_ORIGINS is warned about at the start', async () => {
  const open = await startServer({ env: { SLUICE_HOST: '0.0.0.0', SLUICE_AUTH: 'password' } });
  try {
    await waitFor(() => open.log.includes('SLUICE_ORIGINS'), { what: 'the hint' });
  } finally {
    await open.stop();
  }
});

test('the start logs which engines were found, and how to install the others', () =>
  withPlace(async (place) => {
    const env = { PATH: '/nowhere', SLUICE_DATA_DIR: join(place.dir, 'bare') };
    const server = await startServer({ place, env });
    try {
      await waitFor(() => /http +ready/.test(server.log), { what: 'the list of engines' });
      assert.match(server.log, /yt-dlp +not installed\..*sluice engines install yt-dlp/);
    } finally {
      await server.stop();
    }
  }));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends the server with code 0`, () =>
    withPlace(async (place) => {
      const child = spawn(process.execPath, [join(PROJECT, 'bin/sluice.js'), 'serve'], {
        env: sluiceEnv(place, { SLUICE_PORT: '0' }),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      child.kill(signal);
      assert.equal(await settles(exited, { what: 'the exit' }), [0, null]);
    }));
}

test.run();
