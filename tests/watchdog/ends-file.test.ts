import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { afterEnd, type CurrentJob } from '#lib/watchdog/ends.ts';
import { EndsFile, loadEnds, storeEnds } from '#lib/watchdog/ends-file.server.ts';

const AT = '2026-11-29T12:00:00.000Z';
const job: CurrentJob = { session: 's1', download: 'a', site: null };

let dir: string;
test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-ends-'));
});
test.after.each(() => {
  rmSync(dir, { recursive: true });
});

function open(): EndsFile {
  const file = new EndsFile(dir, (error) => {
    throw error;
  });
  file.open();
  return file;
}
const note = ({ path }: EndsFile): void => storeEnds(path, afterEnd(loadEnds(path), job, AT));

test('a start that finds nothing writes nothing', () => {
  const file = open();
  assert.equal(file.of('s1'), []);
  file.stored('s1');
  assert.not(existsSync(file.path));
});

test('what three processes noted is set aside in the fourth, and once stored in none that follows', () => {
  for (let n = 0; n < 3; n++) {
    const file = open();
    assert.equal(file.of('s1'), []);
    note(file);
  }
  const fourth = open();
  assert.equal(fourth.of('s1'), ['a']);
  assert.equal(fourth.sessions, ['s1']);
  assert.equal(fourth.of('s2'), []);
  // as after a kill before the session stored it
  assert.equal(open().of('s1'), ['a']);
  fourth.stored('s1');
  assert.equal(fourth.of('s1'), []);
  assert.equal(open().of('s1'), []);
});

test('a start marks that the row is broken unless its process is noted too', () => {
  note(open());
  note(open());
  // opened, and nothing noted: a kill
  open();
  note(open());
  assert.equal(open().of('s1'), []);
  assert.is(loadEnds(open().path).downloads.length, 0);
});

test('a file that is no note counts as none, and the next note replaces it', () => {
  const { path } = open();
  note(open());
  writeFileSync(path, '{"version":1,"isNo');
  const file = open();
  assert.equal(file.of('s1'), []);
  note(file);
  assert.is(loadEnds(path).downloads[0]?.ends, 1);
});

test('the file is readable by its owner alone, and nothing is left beside it', () => {
  const file = open();
  note(file);
  assert.is(statSync(file.path).mode & 0o777, 0o600);
  assert.not(existsSync(`${file.path}.new`));
  assert.is((JSON.parse(readFileSync(file.path, 'utf8')) as { version: number }).version, 1);
});

test('a data dir that cannot be written stops no start', () => {
  const errors: unknown[] = [];
  const path = join(dir, 'data');
  writeFileSync(path, 'a file where the folder should be');
  const file = new EndsFile(path, (error) => void errors.push(error));
  file.open();
  assert.equal(file.of('s1'), []);
  assert.is(errors.length, 1);
});

test.run();
