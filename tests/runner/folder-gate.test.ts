/** The gate of the download folder: one look for all, and nobody gets a slot while it is closed. */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import { KnownRootFile } from '#lib/files/download-root/known-root.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { FolderGate } from '#lib/runner/folder-gate.ts';
import { GatedQueue } from '#lib/runner/gated-queue.ts';
import { createFixture, nextTurns, startOf, summarize } from './fixture.ts';

/** A gate whose looks the test answers by hand. */
function manualGate() {
  const clock = new SimulatedClock();
  const looks: { thorough: boolean; answer: (reason: SluiceError | null) => void }[] = [];
  const changes: (string | null)[] = [];
  const gate = new FolderGate({
    clock,
    check: ({ thorough }) =>
      new Promise((resolve, reject) => {
        looks.push({ thorough, answer: (reason) => (reason === null ? resolve() : reject(reason)) });
      }),
    onChange: (reason) => changes.push(reason?.code ?? null),
  });
  const answer = async (n: number, reason: SluiceError | null): Promise<void> => {
    looks[n]?.answer(reason);
    await nextTurns();
  };
  return { clock, gate, looks, changes, answer };
}

test('one look answers all who ask, and a change is reported once', async () => {
  const { gate, looks, changes, answer } = manualGate();
  const all = Promise.all(Array.from({ length: 50 }, () => gate.inspect()));
  assert.is(looks.length, 1);
  await answer(0, new SluiceError('disk_missing'));
  assert.equal(
    (await all).map((reason) => reason?.code),
    Array.from({ length: 50 }, () => 'disk_missing'),
  );
  const again = gate.inspect();
  await answer(1, new SluiceError('disk_missing', 'Other words.'));
  assert.is((await again)?.message, 'Other words.');
  const open = gate.inspect();
  await answer(2, null);
  assert.is(await open, null);
  assert.equal(changes, ['disk_missing', null]);
  assert.equal(
    looks.map(({ thorough }) => thorough),
    [false, true, true],
    'while it is closed, looks also write',
  );
});

test('who needs a thorough look is not answered by another', async () => {
  const { gate, looks, answer } = manualGate();
  const plain = gate.inspect();
  const thorough = gate.inspect({ thorough: true });
  await answer(0, null);
  assert.is(await plain, null);
  assert.equal(
    looks.map((look) => look.thorough),
    [false, true],
  );
  await answer(1, new SluiceError('disk_error'));
  assert.is((await thorough)?.code, 'disk_error');
});

test('a look that hangs closes the gate after 20 s, and no other is begun until it returns', async () => {
  const { clock, gate, looks, changes, answer } = manualGate();
  const first = gate.inspect();
  clock.increment(19_999);
  assert.is(gate.reason, null);
  clock.increment(1);
  assert.is((await first)?.message, 'The download folder does not answer.');
  assert.is((await gate.inspect())?.code, 'disk_error');
  assert.is(looks.length, 1);
  await answer(0, null);
  assert.is(gate.reason, null);
  assert.equal(changes, ['disk_error', null]);
});

test('while the gate is closed nobody gets a slot; those that waited for one are refused too', async () => {
  const { gate, answer } = manualGate();
  const queue = new GatedQueue({ all: 1 }, gate);
  const happened: string[] = [];
  const enqueue = (name: string) =>
    queue.enqueue('s', {
      begin: () => happened.push(`${name} begins`),
      refuse: ({ code }) => happened.push(`${name} ${code}`),
    });
  const first = enqueue('a');
  enqueue('b');
  await nextTurns();
  void gate.inspect();
  await answer(0, new SluiceError('disk_missing'));
  queue.release(first);
  await nextTurns();
  const gone = enqueue('gone');
  enqueue('c');
  queue.release(gone);
  await answer(1, new SluiceError('disk_read_only'));
  enqueue('d');
  await answer(2, null);
  assert.equal(happened, ['a begins', 'b disk_missing', 'c disk_read_only', 'd begins']);
});

test('queued downloads are refused without an engine, a work dir or a slot, and start again by themselves', async () => {
  const fixture = await createFixture({ maxActive: 1 });
  const { runner, http, clock, event, events, dir } = fixture;
  try {
    for (const id of ['aaa', 'bbb', 'ccc']) runner.send('s1', startOf(id));
    await http.call(0);
    await rename(dir, `${dir}-away`);
    clock.increment(2_000);
    await event('failed', 2);
    assert.is(http.calls.length, 1);
    assert.equal(summarize(events()).filter((text) => text.startsWith('phase')).length, 1);
    runner.send('s1', startOf('ddd'));
    const { error } = await event('failed', 3);
    assert.equal([error.code, error.transient], ['disk_missing', true]);
    await rename(`${dir}-away`, dir);
    runner.send('s1', startOf('bbb', 2));
    await (await http.call(1)).finish();
    assert.is((await event('done')).download, 'bbb');
  } finally {
    await fixture.close();
  }
});

test('a file is not moved in a folder that has taken the place of the download dir', async () => {
  const at = await mkdtemp(join(tmpdir(), 'sluice-gate-'));
  const [downloadDir, dataDir] = [join(at, 'downloads'), join(at, 'data')];
  const other = join(at, 'other');
  for (const dir of [downloadDir, dataDir, join(other, '.sluice')]) await mkdir(dir, { recursive: true });
  const file = new KnownRootFile(dataDir);
  const root = new DownloadRoot({ dir: downloadDir, file, known: null, log: () => undefined });
  const fixture = await createFixture({ downloadDir, root });
  const { runner, http, event } = fixture;
  try {
    runner.send('s1', startOf('aaa'));
    const call = await http.call(0);
    await cp(call.job.workDir, join(other, '.sluice/aaa'), { recursive: true });
    await rename(downloadDir, `${downloadDir}-away`);
    await rename(other, downloadDir);
    await call.finish();
    assert.is((await event('failed')).error.code, 'disk_missing');
    assert.equal(await readdir(downloadDir), ['.sluice']);
    await rename(downloadDir, other);
    await rename(`${downloadDir}-away`, downloadDir);
    runner.send('s1', startOf('aaa', 2));
    await (await http.call(1)).finish();
    await event('done');
  } finally {
    await fixture.close();
    await rm(at, { recursive: true });
  }
});

test('what was left in work dirs is reported when the folder is back', async () => {
  const fixture = await createFixture({ instance: 'me' });
  const { runner, event, events, dir } = fixture;
  try {
    const owner = { version: 1, instance: 'me', session: 's1' };
    await mkdir(join(dir, '.sluice/left'), { recursive: true });
    await writeFile(join(dir, '.sluice/left/owner.json'), JSON.stringify(owner));
    await rename(dir, `${dir}-away`);
    await runner.reportWorkDirs();
    assert.equal(events(), []);
    await rename(`${dir}-away`, dir);
    runner.send('s1', startOf('aaa'));
    assert.ok((await event('found')).downloads.includes('left'));
  } finally {
    await fixture.close();
  }
});

test('a work dir that is removed ends the attempt with work_removed, whatever the engine says', async () => {
  const fixture = await createFixture();
  const { runner, http, clock, event, dir } = fixture;
  try {
    runner.send('s1', startOf('aaa'));
    const call = await http.call(0);
    clock.increment(2_000);
    await nextTurns();
    assert.not.ok(call.job.signal.aborted);
    await rm(join(dir, '.sluice/aaa'), { recursive: true });
    clock.increment(2_000);
    const { error } = await event('failed');
    assert.equal([error.code, error.transient], ['work_removed', true]);
    runner.send('s1', startOf('aaa', 2));
    const second = await http.call(1);
    await rm(join(dir, '.sluice/aaa'), { recursive: true });
    second.fail(new SluiceError('engine_exit', 'It could not rename its file.'));
    assert.is((await event('failed', 1)).error.code, 'work_removed', 'sooner than it is noticed');
    runner.send('s1', startOf('aaa', 3));
    await (await http.call(2)).finish();
    await event('done');
  } finally {
    await fixture.close();
  }
});

test('a file that is missing while its work dir is there is retried a few times', async () => {
  const fixture = await createFixture();
  const { runner, http, event } = fixture;
  try {
    runner.send('s1', startOf('aaa'));
    const call = await http.call(0);
    call.finishWith({ path: join(call.job.workDir, 'gone'), suggestedName: 'a', bytes: 1 });
    const { error } = await event('failed');
    assert.equal([error.code, error.transient], ['file_missing', true]);
    runner.send('s1', startOf('aaa', 2));
    const second = await http.call(1);
    second.fail(Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'open' }));
    const failure = (await event('failed', 1)).error;
    assert.equal([failure.code, failure.transient], ['file_missing', true]);
  } finally {
    await fixture.close();
  }
});

test('an I/O error of a file that is over at once still costs the trust in unsynced bytes', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-gate-'));
  const root = new DownloadRoot({ dir, file: null, known: null, log: () => undefined });
  const fixture = await createFixture({ downloadDir: dir, root });
  const { runner, http, event } = fixture;
  try {
    runner.send('s1', startOf('aaa'));
    const call = await http.call(0);
    const { epoch } = root;
    call.fail(Object.assign(new Error('no'), { code: 'EIO', syscall: 'write' }));
    const { error } = await event('failed');
    assert.equal([error.code, error.transient], ['disk_error', true]);
    assert.is.not(root.epoch, epoch);
  } finally {
    await fixture.close();
    await rm(dir, { recursive: true });
  }
});

test('an engine that only prints that it was denied fails for good while the folder is in order', async () => {
  const fixture = await createFixture();
  const { runner, http, event } = fixture;
  try {
    runner.send('s1', startOf('aaa'));
    (await http.call(0)).fail(new SluiceError('disk_denied', 'lux: permission denied'));
    assert.is((await event('failed')).error.transient, false);
    runner.send('s1', startOf('bbb'));
    (await http.call(1)).fail(Object.assign(new Error('no'), { code: 'EACCES', syscall: 'open' }));
    const { error } = await event('failed', 1);
    assert.equal([error.code, error.transient], ['disk_denied', true]);
  } finally {
    await fixture.close();
  }
});

test.run();
