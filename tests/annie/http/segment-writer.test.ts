import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSegment } from '#lib/annie/http/file/segments.ts';
import { SegmentWriter } from '#lib/annie/http/file/segment-writer.server.ts';
import { testUnless } from '../../support/skip.ts';
import { waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, removeDirs } from './kit.ts';

test('bytes arrive in order at their place, whatever their sizes and times, copied or not', async () => {
  const dir = await freshDir();
  const move = fc.record({
    bytes: fc.integer({ min: 1, max: 600_000 }),
    // without gaps it becomes fast
    gapMs: fc.oneof(fc.constant(0), fc.nat(150)),
    inPlace: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(1000), fc.array(move, { maxLength: 30 }), async (start, moves) => {
      const total = moves.reduce((sum, { bytes }) => sum + bytes, 0);
      const source = Buffer.alloc(total);
      for (let i = 0; i < total; i++) source[i] = (i * 31 + (i >>> 8)) & 255;
      const path = join(dir, 'x');
      const handle = await open(path, 'w');
      const segment = newSegment(start, start + total);
      const writer = new SegmentWriter(handle, segment, () => {});
      let at = 0;
      let nowMs = 0;
      for (const { bytes, gapMs, inPlace } of moves) {
        for (const end = at + bytes; at < end;) {
          const space = inPlace ? writer.reserve() : null;
          const part = source.subarray(at, Math.min(end, at + (space?.length ?? Infinity)));
          space?.set(part);
          // a tick may come between `reserve` and `commit`
          writer.tick((nowMs += gapMs));
          const fill = space ? writer.commit(part.length, nowMs) : writer.push(part, nowMs);
          at += part.length;
          if (fill === 'wait') await writer.drained();
        }
      }
      await writer.flush();
      await handle.close();
      assert.is(segment.written, start + total);
      assert.ok((await readFile(path)).subarray(start).equals(source));
    }),
    { numRuns: 40 },
  );
});

test('no byte is written past the end of its segment, also when the end moves', async () => {
  const path = join(await freshDir(), 'x');
  const handle = await open(path, 'w');
  const segment = newSegment(0, 100);
  const writer = new SegmentWriter(handle, segment, () => {});
  writer.push(Buffer.alloc(60, 1), 0);
  const space = writer.reserve();
  space.fill(2, 0, 30);
  segment.end = 70;
  assert.is(writer.commit(30, 0), 'full');
  assert.is(writer.push(Buffer.alloc(10), 0), 'full');
  await writer.flush();
  await handle.close();
  assert.is((await readFile(path)).length, 70);
});

test('only a body that is fast for a MiB gets large blocks, not a short burst', async () => {
  const handle = await open(join(await freshDir(), 'x'), 'w');
  const writer = new SegmentWriter(handle, newSegment(0, 1e9), () => {});
  const KIB = 1024;
  let nowMs = 0;
  for (let second = 0; second < 5; second++) {
    // 900 kB a second, all in one go
    nowMs += 1000;
    for (let k = 0; k < 14; k++) writer.push(Buffer.alloc(64 * KIB), nowMs);
    assert.not(writer.isFast);
    await writer.drained();
  }
  for (let k = 0; k < 40; k++) writer.push(Buffer.alloc(32 * KIB), (nowMs += 4));
  assert.ok(writer.isFast);
  writer.push(Buffer.alloc(KIB), (nowMs += 4));
  writer.tick((nowMs += 200));
  assert.not(writer.isFast, 'it has become slow');
  await writer.flush();
  for (let k = 0; k < 14; k++) writer.push(Buffer.alloc(64 * KIB), nowMs);
  assert.not(writer.isFast, 'it has to show it anew');
  await writer.flush();
  await handle.close();
});

test('a body is slow when it takes long to fill a block, or does not fill one', async () => {
  const handle = await open(join(await freshDir(), 'x'), 'w');
  const writer = new SegmentWriter(handle, newSegment(0, 1e9), () => {});
  const kib = (count: number, nowMs: number) => writer.push(Buffer.alloc(count * 1024), nowMs);
  assert.not(writer.isSlow, 'nothing is known yet');
  kib(32, 0);
  kib(32, 90);
  assert.not(writer.isSlow);
  kib(64, 200);
  assert.ok(writer.isSlow);
  kib(64, 290);
  assert.not(writer.isSlow, 'it has become faster');
  kib(10, 300);
  writer.tick(600);
  assert.ok(writer.isSlow);
  await writer.flush();
  await handle.close();
});

test('a fast body that falls to 4.7 MB/s is not slow, however long a large block takes', async () => {
  const handle = await open(join(await freshDir(), 'x'), 'w');
  const writer = new SegmentWriter(handle, newSegment(0, 1e9), () => {});
  let nowMs = 0;
  for (let k = 0; k < 100; k++) writer.push(Buffer.alloc(32 * 1024), (nowMs += 4));
  assert.ok(writer.isFast);
  for (let k = 0; k < 200; k++) {
    writer.push(Buffer.alloc(32 * 1024), (nowMs += 7));
    writer.tick(nowMs);
    assert.not(writer.isSlow, `after ${k} pieces`);
  }
  await writer.flush();
  await handle.close();
});

test('of a slow body two reads make one write, at once after the second', async () => {
  const writes: number[] = [];
  const write = (_buffer: Buffer, _at: number, bytes: number) => {
    writes.push(bytes);
    return Promise.resolve({ bytesWritten: bytes });
  };
  const writer = new SegmentWriter({ write } as unknown as FileHandle, newSegment(0, 1e9), () => {});
  for (let read = 0; read < 4; read++) {
    // As TLS delivers it.
    for (let piece = 0; piece < 3; piece++) {
      writer.push(Buffer.alloc(1000), read * 90);
      writer.writeSoon(read * 90);
    }
    await nextTurns();
  }
  assert.equal(writes, [6000, 6000]);
  await writer.flush();
});

test('the first byte waits for what has to come before it', async () => {
  const gate = Promise.withResolvers<void>();
  const { handle, finishWrite } = gatedDisk();
  const segment = newSegment(5, 1e9);
  const before: number[] = [];
  const writer = new SegmentWriter(
    handle,
    segment,
    () => {},
    ({ start }) => {
      before.push(start);
      return gate.promise;
    },
  );
  writer.push(Buffer.alloc(10), 0);
  writer.tick(1000);
  await nextTurns();
  assert.is(segment.written, 5);
  gate.resolve();
  await finishWrite();
  writer.push(Buffer.alloc(10), 2000);
  const flushed = writer.flush();
  await finishWrite();
  await flushed;
  assert.is(segment.written, 25);
  assert.equal(before, [5]);
});

const noFull = existsSync('/dev/full') ? null : '/dev/full is only on Linux';
testUnless(
  test,
  noFull,
  'a full disk is disk_full, reported once and thrown by every later call',
  async () => {
    const handle = await open('/dev/full', 'r+');
    const reported: string[] = [];
    const writer = new SegmentWriter(handle, newSegment(0, 20), (error) => reported.push(error.code));
    writer.push(Buffer.alloc(10), 0);
    assert.is(await codeOf(writer.flush()), 'disk_full');
    assert.is(await codeOf(writer.drained()), 'disk_full');
    assert.throws(() => writer.push(Buffer.alloc(1), 0));
    assert.equal(reported, ['disk_full']);
    await handle.close();
  },
);

test('bytes after a failed write are not written in its place', async () => {
  const path = join(await freshDir(), 'x');
  const file = await open(path, 'w');
  let writes = 0;
  // a disk that is full for a moment: it accepts some bytes, none, and then again
  const write = async (buffer: Buffer, at: number, bytes: number, position: number) => {
    writes++;
    if (writes === 2) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
    return file.write(buffer, at, writes === 1 ? 50_000 : bytes, position);
  };
  const source = Buffer.from(Uint8Array.from({ length: 130_000 }, (_, k) => (k * 31 + (k >>> 8)) & 255));
  const segment = newSegment(0, 1_000_000);
  const failed = Promise.withResolvers<void>();
  const writer = new SegmentWriter({ write } as unknown as FileHandle, segment, () => failed.resolve());
  writer.push(source, 0);
  await failed.promise;
  assert.is(await codeOf(writer.flush()), 'disk_full');
  await file.close();
  const written = (await readFile(path)).subarray(0, segment.written);
  assert.ok(
    written.equals(source.subarray(0, segment.written)),
    `${segment.written} bytes are said to be there`,
  );
});

/** Lets pending callbacks run. */
const nextTurns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A disk on which each write waits for `finishWrite`. */
function gatedDisk() {
  const waiting: (() => void)[] = [];
  const write = (_buffer: Buffer, _at: number, bytes: number) =>
    new Promise((resolve) => waiting.push(() => resolve({ bytesWritten: bytes })));
  const finishWrite = async (): Promise<void> => {
    await waitFor(() => waiting.length > 0, { what: 'a piece for the disk' });
    waiting.shift()!();
  };
  return { handle: { write } as unknown as FileHandle, finishWrite };
}

test('a reader that is ahead of the disk must wait until half of the waiting bytes are written', async () => {
  const { handle, finishWrite } = gatedDisk();
  const segment = newSegment(0, 1e9);
  const writer = new SegmentWriter(handle, segment, () => {});
  const ahead = () => segment.received - segment.written;
  const piece = Buffer.alloc(64 * 1024);
  for (let round = 0; round < 3; round++) {
    let fill: string = 'more';
    while (fill === 'more' && ahead() < 64 * 1024 * 1024) fill = writer.push(piece, 0);
    assert.is(fill, 'wait');
    const most = ahead();
    assert.ok(most > 1024 * 1024 && most < 8 * 1024 * 1024, `${most} bytes ahead`);
    let drained = false;
    const draining = writer.drained().then(() => (drained = true));
    for (; !drained; await nextTurns()) {
      const before = ahead();
      await finishWrite();
      await waitFor(() => ahead() < before, { what: 'the piece to be written' });
      assert.ok(!drained || ahead() <= most / 2, `${ahead()} of ${most} bytes still wait`);
    }
    await draining;
    assert.ok(ahead() <= most / 2 && ahead() > 0, `${ahead()} of ${most} bytes still wait`);
  }
});

test('a reader that waits for the disk gets its error', async () => {
  let fail = (_error: Error): void => {};
  const write = () => new Promise((_resolve, reject) => (fail = reject));
  const reported = Promise.withResolvers<string>();
  const writer = new SegmentWriter(
    { write } as unknown as FileHandle,
    newSegment(0, 64 * 1024 * 1024),
    ({ code }) => reported.resolve(code),
  );
  while (writer.push(Buffer.alloc(256 * 1024), 0) === 'more');
  const drained = codeOf(writer.drained());
  fail(Object.assign(new Error('no room'), { code: 'ENOSPC' }));
  assert.is(await drained, 'disk_full');
  assert.is(await reported.promise, 'disk_full');
});

test.after(removeDirs);

test.run();
