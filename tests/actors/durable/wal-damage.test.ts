/** A damaged WAL is told from one that ends where a process or the machine was stopped. With SQLite's own WALs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isWalDamaged } from '#lib/actors/durable/wal-damage.server.ts';

const HEADER = 32;
const FRAME = 24 + 4096;
/** In the head of a frame. */
const SALT = 9;
const test = suite<{ dir: string; database: DatabaseSync; commit: (rows?: number) => void }>('wal-damage');

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'sluice-wal-'));
  context.database = new DatabaseSync(join(context.dir, 'a.db'));
  context.database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE a (b TEXT); PRAGMA cache_size = 10',
  );
  const insert = context.database.prepare('INSERT INTO a VALUES (hex(randomblob(1500)))');
  context.commit = (rows = 3) => {
    context.database.exec('BEGIN');
    for (let n = 0; n < rows; n += 1) insert.run();
    context.database.exec('COMMIT');
  };
});
test.after.each(({ dir, database }) => {
  database.close();
  rmSync(dir, { recursive: true });
});

const walOf = (dir: string): Buffer => readFileSync(join(dir, 'a.db-wal'));

/** In this boot, and in another one. */
function verdicts(dir: string, wal: Buffer): [boolean, boolean] {
  const copy = join(dir, 'copy-wal');
  writeFileSync(copy, wal);
  return [isWalDamaged(copy, true), isWalDamaged(copy, false)];
}

function changed(wal: Buffer, change: (copy: Buffer) => unknown): Buffer {
  const copy = Buffer.from(wal);
  change(copy);
  return copy;
}

/** Numbers of the frames that end a commit. */
function commitsOf(wal: Buffer): number[] {
  const count = (wal.length - HEADER) / FRAME;
  return Array.from({ length: count }, (_, n) => n).filter(
    (n) => wal.readUInt32BE(HEADER + n * FRAME + 4) > 0,
  );
}

const WHOLE = [false, false];
const DAMAGED = [true, true];
/** It may be a commit that was not synced, unless only the process has died. */
const OF_THIS_BOOT = [true, false];

test('a WAL is whole wherever it was cut', ({ dir, commit }) => {
  for (let n = 0; n < 4; n += 1) commit();
  const wal = walOf(dir);
  assert.equal(verdicts(dir, wal), WHOLE);
  for (let bytes = 0; bytes < wal.length; bytes += 1031) {
    assert.equal(verdicts(dir, wal.subarray(0, bytes)), WHOLE, `${bytes} bytes`);
  }
});

test('a byte or a frame that was changed is noticed in each frame but the last', ({ dir, commit }) => {
  for (let n = 0; n < 3; n += 1) commit();
  const wal = walOf(dir);
  const commits = commitsOf(wal);
  const [beforeLast, last] = commits.slice(-2) as [number, number];
  for (let n = 0; n < last; n += 1) {
    const at = HEADER + n * FRAME;
    for (const offset of [0, SALT, 17, 2000]) {
      // Without its salts it counts for no commit of this WAL.
      const isProven = n < beforeLast || (n === beforeLast && offset !== SALT);
      const flipped = changed(wal, (copy) => (copy[at + offset]! ^= 4));
      assert.equal(verdicts(dir, flipped), isProven ? DAMAGED : OF_THIS_BOOT, `frame ${n}, byte ${offset}`);
    }
    const blank = changed(wal, (copy) => copy.fill(0, at, at + FRAME));
    assert.equal(verdicts(dir, blank), n < beforeLast ? DAMAGED : OF_THIS_BOOT, `frame ${n}`);
  }
  const end = HEADER + last * FRAME;
  const blankEnd = changed(wal, (copy) => copy.fill(0, end));
  assert.equal(verdicts(dir, blankEnd), OF_THIS_BOOT);
});

test('a header that was changed is noticed where frames follow', ({ dir, commit }) => {
  commit();
  const wal = walOf(dir);
  for (let byte = 0; byte < HEADER; byte += 1) {
    const flipped = changed(wal, (copy) => (copy[byte]! ^= 1));
    assert.equal(verdicts(dir, flipped), DAMAGED, `byte ${byte}`);
    for (const more of [0, 10])
      assert.equal(verdicts(dir, flipped.subarray(0, HEADER + more)), WHOLE, `${more} bytes of a frame`);
  }
});

test('what lies behind the end is no damage: older frames, and those of a transaction that was taken back', ({
  dir,
  database,
  commit,
}) => {
  for (let n = 0; n < 6; n += 1) commit();
  database.exec('PRAGMA wal_checkpoint(RESTART)');
  commit();
  const begun = walOf(dir);
  assert.ok(commitsOf(begun).length > 4, 'older commits lie behind');
  assert.equal(verdicts(dir, begun), WHOLE);
  // The head of a frame is written before its page: an older page lies behind it.
  const [first = 0] = commitsOf(begun);
  const torn = changed(begun, (copy) =>
    copy.fill(7, HEADER + first * FRAME + 24, HEADER + (first + 1) * FRAME),
  );
  assert.equal(verdicts(dir, torn), WHOLE);

  database.exec('BEGIN');
  database.exec('INSERT INTO a SELECT hex(randomblob(1500)) FROM a, a AS c LIMIT 100');
  const spilled = walOf(dir).length;
  database.exec('ROLLBACK');
  commit(1);
  assert.ok(spilled > begun.length, 'pages of it were written to the WAL');
  assert.equal(walOf(dir).length, spilled);
  assert.equal(verdicts(dir, walOf(dir)), WHOLE);
});

test('a long WAL is read in parts', ({ dir, commit }) => {
  for (let n = 0; n < 4; n += 1) commit(90);
  const wal = walOf(dir);
  assert.equal(verdicts(dir, wal), WHOLE);
  const [beforeLast = 0] = commitsOf(wal).slice(-2);
  assert.ok(beforeLast > 256);
  const flipped = changed(wal, (copy) => (copy[HEADER + (beforeLast - 1) * FRAME + 99]! ^= 1));
  assert.equal(verdicts(dir, flipped), DAMAGED);
});

test('no WAL, and an empty one, are not damaged', ({ dir }) => {
  assert.is(isWalDamaged(join(dir, 'none-wal'), true), false);
  assert.equal(verdicts(dir, Buffer.alloc(0)), WHOLE);
});

test.run();
