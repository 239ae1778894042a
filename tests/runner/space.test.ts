/** Free space on the disk, as measured by a stub that the test controls. */
import { mkdir, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { measureSpace, occupiedBytes } from '#lib/files/disk-space.server.ts';
import type { DiskSpace } from '#lib/files/disk-space.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { reservedOf } from '#lib/runner/space-monitor.ts';
import { settles } from '../support/wait.ts';
import { type Fixture, createFixture, nextTurns, startOf } from './fixture.ts';

const test = suite('space');
const MB = 1_000_000;
/** Of 1 GB a hundredth is kept free: 10 MB to start, 5 MB to go on. */
const TOTAL_BYTES = 1000 * MB;

interface Disk {
  freeBytes: number;
  looks: number;
}

function onDisk(
  name: string,
  freeBytes: number,
  body: (fixture: Fixture, disk: Disk) => Promise<void>,
): void {
  test(name, async () => {
    const disk: Disk = { freeBytes, looks: 0 };
    const measure = (): Promise<DiskSpace> => {
      disk.looks += 1;
      return Promise.resolve({ freeBytes: disk.freeBytes, totalBytes: TOTAL_BYTES });
    };
    const fixture = await createFixture({ measureSpace: measure });
    try {
      await settles(body(fixture, disk), { what: name });
    } finally {
      await fixture.close();
    }
  });
}

onDisk('a download does not start when less than the reserve is free', 9 * MB, async (fixture, disk) => {
  const { runner, http, event, deliveries } = fixture;
  runner.send('s1', startOf('aaa'));
  const { error } = await event('failed');
  assert.equal([error.code, error.transient], ['disk_full', true]);
  assert.is(error.message, 'The disk is full: 9.0 MB are free, 10.0 MB are kept free.');
  assert.is(http.calls.length, 0, 'nothing was asked of the network');
  assert.not.ok(deliveries.flatMap(([, events]) => events).some(({ type }) => type === 'phase'));
  disk.freeBytes = 11 * MB;
  runner.send('s1', startOf('aaa', 2));
  await (await http.call(0)).finish();
  await event('done');
});

onDisk(
  'a download whose size an earlier attempt knew needs space for it at once',
  60 * MB,
  async (fixture) => {
    const { runner, http, event, dir } = fixture;
    runner.send('s1', startOf('aaa', 1, { totalBytes: 51 * MB }));
    const { error } = await event('failed');
    assert.is(error.message, '51.0 MB are still to come, there is room for 50.0 MB.');
    assert.is(http.calls.length, 0);
    // What an earlier attempt left counts.
    await mkdir(join(dir, '.sluice', 'bbb'));
    await writeFile(join(dir, '.sluice', 'bbb', 'half'), Buffer.alloc(2 * MB, 1));
    runner.send('s1', startOf('bbb', 1, { totalBytes: 51 * MB }));
    await (await http.call(0)).finish();
    await event('done');
  },
);

onDisk('a download that turns out too large is stopped when its size is known', 60 * MB, async (fixture) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.job.onInfo({ totalBytes: 500 * MB });
  assert.is((await event('failed')).error.code, 'disk_full');
  assert.ok(call.job.signal.aborted);
});

onDisk('joining needs space for all that was fetched once more', 60 * MB, async (fixture, disk) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  const sample = { percent: null, bytesPerSecond: null, etaSeconds: null };
  call.job.onSample({ ...sample, receivedBytes: 30 * MB, totalBytes: 30 * MB });
  disk.freeBytes = 30 * MB;
  call.job.onPhase('finish');
  const { error } = await event('failed');
  assert.is(error.message, '30.0 MB are still to come, there is room for 20.0 MB.');
  runner.send('s1', startOf('aaa', 2));
  const again = await http.call(1);
  again.job.onSample({ ...sample, receivedBytes: 30 * MB, totalBytes: 30 * MB });
  await nextTurns();
  disk.freeBytes = 50 * MB;
  again.job.onPhase('finish');
  await again.finish();
  await event('done');
});

onDisk('a download whose size only samples tell is stopped too', 60 * MB, async (fixture) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  const sample = { receivedBytes: 1, percent: null, bytesPerSecond: null, etaSeconds: null };
  call.job.onSample({ ...sample, totalBytes: null });
  call.job.onSample({ ...sample, totalBytes: 500 * MB });
  assert.is((await event('failed')).error.code, 'disk_full');
});

onDisk('space that other downloads need is not given twice', 60 * MB, async (fixture) => {
  const { runner, http, event } = fixture;
  // One after the other: of two that start at once, either may have its folder first.
  runner.send('s1', startOf('aaa'));
  const first = await http.call(0);
  runner.send('s1', startOf('bbb'));
  const second = await http.call(1);
  for (const call of [second, first]) call.job.onInfo({ totalBytes: 30 * MB });
  assert.is((await event('failed')).download, 'bbb');
  await nextTurns();
  assert.not.ok(first.job.signal.aborted, 'who came first goes on');
  await first.finish();
  await event('done');
});

onDisk('what a slow server announces keeps no space from others', 60 * MB, async (fixture) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const slow = await http.call(0);
  const dripping = { receivedBytes: 9, percent: null, bytesPerSecond: 1, etaSeconds: null };
  slow.job.onInfo({ totalBytes: 49 * MB });
  slow.job.onSample({ ...dripping, totalBytes: 49 * MB });
  runner.send('s1', startOf('bbb'));
  const fast = await http.call(1);
  fast.job.onInfo({ totalBytes: 49 * MB });
  await nextTurns();
  assert.not.ok(slow.job.signal.aborted || fast.job.signal.aborted);
  await fast.finish();
  assert.is((await event('done')).download, 'bbb');
});

test('five minutes at the present rate are reserved, and at most what is left; of an unknown rate 1 GiB', () => {
  assert.is(reservedOf(500 * MB, 1 * MB), 300 * MB);
  assert.is(reservedOf(200 * MB, 1 * MB), 200 * MB);
  assert.is(reservedOf(500 * MB, 0), 0);
  assert.is(reservedOf(500 * MB, null), 500 * MB);
  assert.is(reservedOf(5e12, null), 2 ** 30);
});

onDisk(
  'one check every two seconds serves all downloads, and stops all when space runs out',
  60 * MB,
  async (fixture, disk) => {
    const { runner, http, clock, event } = fixture;
    for (const id of ['aaa', 'bbb', 'ccc']) runner.send('s1', startOf(id));
    await http.call(2);
    const before = disk.looks;
    disk.freeBytes = 6 * MB;
    clock.increment(2_000);
    await nextTurns();
    assert.is(disk.looks, before + 1);
    assert.not.ok(
      http.calls.some(({ job }) => job.signal.aborted),
      'the lower half of the reserve is untouched',
    );
    disk.freeBytes = 4 * MB;
    clock.increment(2_000);
    await event('failed', 2);
    assert.is(disk.looks, before + 2);
    clock.increment(600_000);
    await nextTurns();
    assert.is(disk.looks, before + 2, 'nobody looks when nothing runs');
  },
);

onDisk(
  'an engine that fails with another error on a full disk is disk_full',
  60 * MB,
  async (fixture, disk) => {
    const { runner, http, event } = fixture;
    runner.send('s1', startOf('aaa'));
    const full = await http.call(0);
    disk.freeBytes = 0;
    full.fail(new SluiceError('engine_exit', 'Conversion failed!'));
    assert.is((await event('failed')).error.code, 'disk_full');

    disk.freeBytes = 60 * MB;
    runner.send('s1', startOf('bbb'));
    const said = await http.call(1);
    said.job.onOutput('av_interleaved_write_frame(): No space left on device\n');
    said.fail(new SluiceError('engine_exit', 'ffmpeg could not join.', { transient: false }));
    assert.is((await event('failed', 1)).error.code, 'disk_full');

    disk.freeBytes = 0;
  },
);

for (const code of [
  'disk_error',
  'disk_missing',
  'engine_exit',
  'engine_output',
  'file_missing',
  'internal_error',
  'invalid_manifest',
  'size_mismatch',
] as const) {
  onDisk(`${code} on a full disk is reported as disk_full`, 60 * MB, async (fixture, disk) => {
    const { runner, http, event } = fixture;
    runner.send('s1', startOf('aaa'));
    const call = await http.call(0);
    disk.freeBytes = 0;
    call.fail(new SluiceError(code));
    assert.is((await event('failed')).error.code, 'disk_full');
    disk.freeBytes = 60 * MB;
    runner.send('s1', startOf('bbb'));
    (await http.call(1)).fail(new SluiceError(code));
    assert.is((await event('failed', 1)).error.code, code, 'with room it is what it is');
  });
}

onDisk('the error of a server stays as it is, however full the disk', 60 * MB, async (fixture, disk) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  disk.freeBytes = 0;
  call.fail(new SluiceError('remote_not_found'));
  assert.is((await event('failed')).error.code, 'remote_not_found');
});

test('a download dir that disappears ends all jobs with disk_missing; once it is back, they go on', async () => {
  const fixture = await createFixture();
  const { runner, http, clock, event, dir } = fixture;
  try {
    for (const id of ['aaa', 'bbb']) runner.send('s1', startOf(id));
    await http.call(1);
    await rename(dir, `${dir}-away`);
    clock.increment(2_000);
    const { error } = await event('failed', 1);
    assert.equal(
      [error.code, error.message, error.transient],
      ['disk_missing', 'The download folder is gone.', true],
    );
    runner.send('s1', startOf('aaa', 2));
    assert.is((await event('failed', 2)).error.code, 'disk_missing');
    await rename(`${dir}-away`, dir);
    runner.send('s1', startOf('aaa', 3));
    await (await http.call(2)).finish();
    await event('done');
  } finally {
    await fixture.close();
  }
});

test('space is measured for non-root users, holes are not counted, and a missing folder is disk_missing', async () => {
  const { dir, close } = await createFixture();
  try {
    const space = await measureSpace(dir);
    assert.ok(space !== null && space.freeBytes > 0 && space.freeBytes < space.totalBytes);
    const file = join(dir, 'holes');
    await writeFile(file, Buffer.alloc(MB, 1));
    await truncate(file, 100 * MB);
    const held = await occupiedBytes(dir);
    assert.ok(held >= MB && held < 2 * MB, String(held));
    assert.is(await occupiedBytes(join(dir, 'none')), 0);
    const refused = await measureSpace(join(dir, 'none')).catch((error: unknown) => error);
    assert.is((refused as SluiceError).code, 'disk_missing');
  } finally {
    await close();
  }
});

test.run();
