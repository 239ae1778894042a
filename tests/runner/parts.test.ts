import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asDiskError, toDiskError } from '#lib/files/disk-error.ts';
import { FairQueue, type QueueTicket } from '#lib/runner/fair-queue.ts';
import { OUTPUT_TAIL_BYTES, OutputTail } from '#lib/runner/output-tail.ts';
import { SluiceError } from '#lib/protocol/error.ts';

test('slots are never exceeded, released once, and never two more for one session while another waits', async () => {
  const step = fc.oneof(
    fc.record({ ask: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ leave: fc.nat({ max: 40 }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { maxLength: 60 }),
      async (capacity, steps) => {
        const queue = new FairQueue(capacity);
        const tickets: QueueTicket[] = [];
        let begun = 0;
        const placed = (session?: string): number =>
          tickets.filter(
            (ticket) => ticket.state === 'active' && (session ?? ticket.session) === ticket.session,
          ).length;
        for (const one of steps) {
          const before = new Map(['a', 'b', 'c', 'd'].map((session) => [session, placed(session)]));
          if ('ask' in one) tickets.push(queue.enqueue(one.ask, () => begun++));
          else if (tickets.length > 0) {
            const ticket = tickets[one.leave % tickets.length];
            if (ticket) queue.release(ticket);
            if (ticket) queue.release(ticket);
          }
          const waiting = tickets.filter(({ state }) => state === 'waiting');
          assert.ok(placed() <= capacity);
          assert.ok(
            waiting.length === 0 || placed() === capacity,
            'no place stays free while somebody waits',
          );
          for (const { session } of waiting) {
            for (const other of ['a', 'b', 'c', 'd']) {
              if (placed(other) <= (before.get(other) ?? 0)) continue;
              assert.ok(placed(other) <= placed(session) + 1, `${other} got ahead of ${session}`);
            }
          }
          await Promise.resolve();
        }
        for (const ticket of tickets) queue.release(ticket);
        assert.is(placed(), 0);
        await Promise.resolve();
        assert.ok(begun <= tickets.length);
      },
    ),
    { numRuns: 300 },
  );
});

test('within a session it is first come, first served', async () => {
  const queue = new FairQueue(1);
  const order: number[] = [];
  const tickets = [0, 1, 2].map((n) => queue.enqueue('a', () => order.push(n)));
  for (const ticket of tickets) {
    await Promise.resolve();
    queue.release(ticket);
  }
  assert.equal(order, [0, 1, 2]);
});

test('a ticket that is released before its work began never begins', async () => {
  const queue = new FairQueue(1);
  queue.release(queue.enqueue('a', () => assert.unreachable()));
  await Promise.resolve();
});

test('the tail is the printable end of the output in at most 4096 bytes, however it is chunked', () => {
  const chunk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(
      '\r\n',
      '\r',
      '\u001B[2K',
      '\u202E',
      '長'.repeat(700),
      'x'.repeat(20_000),
      '\uD83D',
      '\uDE00',
    ),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 30 }), (chunks) => {
      const tail = new OutputTail();
      for (const text of chunks) tail.append(text);
      const text = tail.toString();
      assert.ok(Buffer.byteLength(text) <= OUTPUT_TAIL_BYTES);
      assert.ok(text.isWellFormed());
      assert.not.match(text, /[^\P{Cc}\n\t]|[\u202A-\u202E]/u);
      const last = chunks.at(-1) ?? '';
      if (/^[x長]+$/.test(last)) assert.ok(last.endsWith(text.slice(-600)));
    }),
    { numRuns: 300 },
  );
});

test('an errno of a file call becomes a disk code, one of a socket or a program does not', () => {
  const errno = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall });
  assert.is(asDiskError(errno('ENOSPC', 'write'))?.code, 'disk_full');
  assert.is(asDiskError(errno('EACCES', 'open'))?.code, 'disk_denied');
  assert.is(asDiskError(errno('EPERM', 'unlink'))?.code, 'disk_denied');
  assert.is(asDiskError(errno('EROFS', 'mkdir'))?.code, 'disk_read_only');
  assert.is(asDiskError(errno('ENOENT', 'mkdir'))?.code, 'disk_missing');
  assert.is(asDiskError(errno('EACCES', 'connect')), null);
  assert.is(asDiskError(errno('ENOENT', 'spawn yt-dlp')), null);
  assert.is(asDiskError(errno('ECONNRESET', 'read')), null);
  assert.is(asDiskError(new Error('plain')), null);
  assert.is(toDiskError(new Error('plain')).code, 'disk_error');
  const known = new SluiceError('size_mismatch');
  assert.is(toDiskError(known), known);
});

test.run();
