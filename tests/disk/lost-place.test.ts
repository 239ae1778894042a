/** The data folder goes away under a running server: nothing is acknowledged that would not be found again. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Api } from '../support/api.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { unlessMounts } from './disks.ts';
import { readiness } from './server-on-disk.ts';
import { listed, NOWHERE, SERVE } from './store-place.ts';

async function untilRefused(server: TestServer): Promise<string> {
  const reasons = await waitFor(
    async () => {
      const { status, reasons: why } = await readiness(server);
      return status === 503 && why.join();
    },
    { what: '/readyz to say why' },
  );
  return reasons;
}

async function untilReady(server: TestServer): Promise<void> {
  await waitFor(async () => (await readiness(server)).status === 200, { what: '/readyz to be well again' });
}

async function refusedAdd(api: Api): Promise<void> {
  const { status, body } = await api.call<{ code: string }>('POST', '/api/downloads', {
    url: `${NOWHERE}/x`,
  });
  assert.equal([status, body.code], [503, 'store_missing']);
}

test('a data folder that is moved away: adds are refused, /readyz says why, and when it is back all goes on', async () => {
  const place = makePlace();
  try {
    const server = await startServer({ place, env: SERVE });
    const api = await server.session();
    const ids = [await api.add({ url: `${NOWHERE}/1.bin` })];
    renameSync(place.dataDir, `${place.dataDir}.gone`);
    assert.match(
      await untilRefused(server),
      /sluice\.db is gone from the data folder, or its disk is not mounted: bring SLUICE_DATA_DIR back/,
    );
    assert.ok(
      server.log.includes(` error nothing can be stored dataDir="${place.dataDir}" reason=`),
      server.log,
    );
    await refusedAdd(api);
    await refusedAdd(api);
    assert.equal(
      (await api.list()).map(({ id }) => id),
      ids,
      'what is stored can be read',
    );
    assert.not.ok(existsSync(place.dataDir), 'nothing is made in its place');
    renameSync(`${place.dataDir}.gone`, place.dataDir);
    await untilReady(server);
    assert.ok(server.log.includes(' info the data folder is in order again '), server.log);
    ids.push(await api.add({ url: `${NOWHERE}/2.bin` }));
    await server.kill9();
    const again = await startServer({ place, env: SERVE });
    assert.equal(await listed(again, api), ids);
    await again.stop();
  } finally {
    place.remove();
  }
});

test('a data folder that is removed: every add that was acknowledged before is the last, and none is after', async () => {
  const place = makePlace();
  const server = await startServer({ place, env: SERVE });
  try {
    const api = await server.session();
    await api.add({ url: `${NOWHERE}/1.bin` });
    rmSync(place.dataDir, { recursive: true });
    mkdirSync(place.dataDir);
    writeFileSync(join(place.dataDir, 'sluice.db'), 'of somebody else');
    await untilRefused(server);
    await refusedAdd(api);
    assert.equal(readdirSync(place.dataDir), ['sluice.db']);
  } finally {
    await server.kill9();
    place.remove();
  }
});

/** An ext4 file system in a file. */
function loopDisk(image: string, dir: string): { mount: () => void; unmount: () => void } {
  const run = (...argv: [string, ...string[]]): void => {
    const [program, ...args] = argv;
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    assert.is(status, 0, `${argv.join(' ')}: ${stderr}`);
  };
  run('truncate', '-s', '64M', image);
  run('mkfs.ext4', '-q', '-F', image);
  return {
    mount: () => run('mount', '-o', 'loop', image, dir),
    unmount: () => void spawnSync('umount', ['-l', dir]),
  };
}

testUnless(
  test,
  unlessMounts() ?? (spawnSync('mkfs.ext4', ['-V']).status === 0 ? null : 'mkfs.ext4 makes the disk'),
  'a disk that is unmounted under it: nothing is written below the mount point, and mounted again it goes on',
  async () => {
    const place = makePlace();
    const disk = loopDisk(join(place.dir, 'disk.img'), place.dataDir);
    const below = readdirSync(place.dataDir);
    disk.mount();
    const server = await startServer({ place, env: SERVE });
    try {
      const api = await server.session();
      const ids = [await api.add({ url: `${NOWHERE}/1.bin` })];
      const device = spawnSync('findmnt', ['-no', 'SOURCE', place.dataDir], {
        encoding: 'utf8',
      }).stdout.trim();
      disk.unmount();
      await untilRefused(server);
      await refusedAdd(api);
      assert.equal(readdirSync(place.dataDir), below);
      assert.is(spawnSync('mount', [device, place.dataDir]).status, 0);
      await untilReady(server);
      ids.push(await api.add({ url: `${NOWHERE}/2.bin` }));
      await server.kill9();
      const again = await startServer({ place, env: SERVE });
      assert.equal(await listed(again, api), ids);
      await again.stop();
    } finally {
      await server.kill9();
      disk.unmount();
      place.remove();
    }
  },
);

/** EXT4_IOC_SHUTDOWN, no log flush: everything on it fails with EIO from then on. */
const SHUT_DOWN =
  'import fcntl, os, struct, sys; fd = os.open(sys.argv[1], os.O_RDONLY); fcntl.ioctl(fd, 0x8004587D, struct.pack("I", 2))';

testUnless(
  test,
  unlessMounts() ??
    (spawnSync('mkfs.ext4', ['-V']).status === 0 && spawnSync('python3', ['-V']).status === 0
      ? null
      : 'mkfs.ext4 and python3 make the disk, and break it'),
  'a disk that gives I/O errors: adds are refused with store_missing, and /readyz says why',
  async () => {
    const place = makePlace();
    const disk = loopDisk(join(place.dir, 'disk.img'), place.dataDir);
    disk.mount();
    const server = await startServer({ place, env: SERVE });
    try {
      const api = await server.session();
      await api.add({ url: `${NOWHERE}/1.bin` });
      const { status, stderr } = spawnSync('python3', ['-c', SHUT_DOWN, place.dataDir], { encoding: 'utf8' });
      assert.is(status, 0, stderr);
      await refusedAdd(api);
      assert.match(await untilRefused(server), /gives errors|is gone from the data folder/);
      await refusedAdd(api);
    } finally {
      await server.kill9();
      disk.unmount();
      place.remove();
    }
  },
);

test.run();
