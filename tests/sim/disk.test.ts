/** The simulated disk against the real one: the same calls give the same results, errors and files. */
import fc from 'fast-check';
import fs from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Calls } from '../../sim/disk/calls.ts';
import { Disk } from '../../sim/disk/disk.ts';
import { FileSystem, type Order } from '../../sim/disk/file-system.ts';
import { createFsPromises } from '../../sim/disk/fs-promises.ts';
import { Random } from '../../sim/world/random.ts';
import { Scheduler } from '../../sim/world/scheduler.ts';
import { Trace } from '../../sim/world/trace.ts';

type FsPromises = typeof fs;

interface SimulatedDisk {
  fs: FsPromises;
  media: FileSystem;
  /** Runs `work` to its end on the virtual clock. */
  run: <T>(work: () => Promise<T>) => Promise<T>;
}

function simulated(order: Order = 'ordered'): SimulatedDisk {
  const scheduler = new Scheduler();
  const media = new FileSystem(1, order, 50e6);
  const disk = new Disk(scheduler, new Random(1, 'disk'), () => 1e12);
  disk.mount('/', media);
  const calls = new Calls({
    ...{ scheduler, disk, random: new Random(1, 'calls'), trace: new Trace(0) },
    life: { number: 1, isAlive: true },
    syncMs: () => 1,
    onCall: () => undefined,
  });
  return {
    fs: createFsPromises(calls) as unknown as FsPromises,
    media,
    async run(work) {
      let isOver = false;
      const result = work().finally(() => (isOver = true));
      result.catch(() => undefined);
      // Not nested in a microtask, where no others run.
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        scheduler.step();
      }
      return result;
    },
  };
}

const name = fc.constantFrom('a', 'b', 'd', 'd/x', 'd/e', 'd/e/y');
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), name, text: fc.string({ maxLength: 9000 }) }),
  fc.record({ do: fc.constant('append' as const), name, text: fc.string({ maxLength: 20 }) }),
  fc.record({
    do: fc.constant('patch' as const),
    name,
    text: fc.string({ maxLength: 20 }),
    at: fc.nat(9000),
  }),
  fc.record({ do: fc.constant('exclusive' as const), name }),
  fc.record({ do: fc.constant('truncate' as const), name, to: fc.nat(9000) }),
  fc.record({ do: fc.constantFrom('mkdir', 'rmdir', 'unlink', 'readdir', 'stat', 'rm', 'rm -r'), name }),
  fc.record({ do: fc.constantFrom('link', 'rename'), name, to: name }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function perform(on: FsPromises, root: string, one: Step): Promise<unknown> {
  const path = join(root, one.name);
  switch (one.do) {
    case 'write':
      return on.writeFile(path, one.text, { flush: true });
    case 'append':
      return on.writeFile(path, one.text, { flag: 'a' });
    case 'exclusive':
      return on.writeFile(path, 'new', { flag: 'wx' });
    case 'patch': {
      const handle = await on.open(path, 'r+');
      await handle.write(Buffer.from(one.text), 0, Buffer.byteLength(one.text), one.at);
      await handle.datasync();
      const { size } = await handle.stat();
      await handle.close();
      return size;
    }
    case 'truncate':
      return on.truncate(path, one.to);
    case 'mkdir':
      return on.mkdir(path);
    case 'rmdir':
      return on.rmdir(path);
    case 'unlink':
      return on.unlink(path);
    case 'readdir':
      return (await on.readdir(path)).sort();
    case 'stat': {
      const found = await on.lstat(path);
      return { isFile: found.isFile(), ...(found.isFile() ? { size: found.size, nlink: found.nlink } : {}) };
    }
    case 'rm':
      return on.rm(path, { force: true });
    case 'rm -r':
      return on.rm(path, { force: true, recursive: true });
    case 'link':
      return on.link(path, join(root, one.to));
    case 'rename':
      return on.rename(path, join(root, one.to));
  }
}

/** The result, or the errno. */
async function outcome(on: FsPromises, root: string, one: Step): Promise<unknown> {
  try {
    return (await perform(on, root, one)) ?? 'done';
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code;
  }
}

/** Every file with its content. */
async function contents(on: FsPromises, dir: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const each of (await on.readdir(join(dir, below))).sort()) {
    const path = join(below, each);
    const isFile = (await on.lstat(join(dir, path))).isFile();
    if (isFile) found[path] = await on.readFile(join(dir, path), 'utf8');
    else Object.assign(found, { [path]: '/' }, await contents(on, dir, path));
  }
  return found;
}

test('the simulated disk does what the real one does, call by call', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const root = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
      const { fs: simFs, run } = simulated();
      try {
        await run(() => simFs.mkdir('/root'));
        for (const one of steps) {
          const real = await outcome(fs, root, one);
          assert.equal(await run(() => outcome(simFs, '/root', one)), real, JSON.stringify(one));
        }
        assert.equal(await run(() => contents(simFs, '/root')), await contents(fs, root));
      } finally {
        rmSync(root, { recursive: true });
      }
    }),
    { numRuns: 60, seed: 20261129 },
  );
});

test('after a cut what was synced is there, and the rest is there in part or not at all', async () => {
  let lost = 0;
  let kept = 0;
  for (let seed = 0; seed < 60; seed++) {
    const { fs: simFs, run, media } = simulated(seed % 2 === 0 ? 'ordered' : 'weak');
    await run(async () => {
      await simFs.writeFile('/synced', 'x'.repeat(10_000), { flush: true });
      const folder = await simFs.open('/', 'r');
      await folder.sync();
      await simFs.writeFile('/unsynced', 'y'.repeat(10_000));
      await simFs.rename('/unsynced', '/renamed');
    });
    media.cut(new Random(seed, 'cut'));
    const found = await run(() => contents(simFs, '/'));
    assert.is(found['synced'], 'x'.repeat(10_000));
    const rest = found['renamed'] ?? found['unsynced'];
    if (rest === 'y'.repeat(10_000)) kept++;
    else lost++;
    assert.ok(rest === undefined || /^[y\0]*$/.test(rest));
  }
  assert.ok(lost > 5 && kept > 5, `${lost} lost, ${kept} kept`);
});

test('a rename over a file never leaves neither of the two', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const { fs: simFs, run, media } = simulated();
    await run(async () => {
      await simFs.writeFile('/note', 'old', { flush: true });
      const folder = await simFs.open('/', 'r');
      await folder.sync();
      await simFs.writeFile('/draft', 'new', { flush: true });
      await simFs.rename('/draft', '/note');
    });
    media.cut(new Random(seed, 'cut'));
    assert.match((await run(() => contents(simFs, '/')))['note'] ?? '', /^(?:old|new)$/);
  }
});

test.run();
