import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withTermination, type CurrentJob } from '#lib/watchdog/termination-history.ts';
import {
  TerminationHistoryFile,
  loadHistory,
  storeHistory,
} from '#lib/watchdog/termination-history-file.server.ts';

const AT = '2026-11-29T12:00:00.000Z';
const job: CurrentJob = { session: 's1', download: 'a', site: null };

let dir: string;
test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-ends-'));
});
test.after.each(() => {
  rmSync(dir, { recursive: true });
});

function open(): TerminationHistoryFile {
  const file = new TerminationHistoryFile(dir, (error) => {
    throw error;
  });
  file.open();
  return file;
}
const terminate = ({ path }: TerminationHistoryFile): void =>
  storeHistory(path, withTermination(loadHistory(path), job, AT));

test('a start that finds nothing writes nothing', () => {
  const file = open();
  assert.equal(file.blamedDownloads('s1'), []);
  file.forget('s1');
  assert.not(existsSync(file.path));
});

test('a download is set aside after three terminations, until its session has stored that', () => {
  for (let n = 0; n < 3; n++) {
    const file = open();
    assert.equal(file.blamedDownloads('s1'), []);
    terminate(file);
  }
  const fourth = open();
  assert.equal(fourth.blamedDownloads('s1'), ['a']);
  assert.equal(fourth.sessions, ['s1']);
  assert.equal(fourth.blamedDownloads('s2'), []);
  // As after a kill before the session has stored it.
  assert.equal(open().blamedDownloads('s1'), ['a']);
  fourth.forget('s1');
  assert.equal(fourth.blamedDownloads('s1'), []);
  assert.equal(open().blamedDownloads('s1'), []);
});

test('the row ends with a process that was not terminated', () => {
  terminate(open());
  terminate(open());
  // Opened, and not terminated: a kill.
  open();
  terminate(open());
  assert.equal(open().blamedDownloads('s1'), []);
  assert.is(loadHistory(open().path).downloads.length, 0);
});

test('an invalid file counts as an empty history, and the next termination replaces it', () => {
  const { path } = open();
  terminate(open());
  writeFileSync(path, '{"version":1,"isNo');
  const file = open();
  assert.equal(file.blamedDownloads('s1'), []);
  terminate(file);
  assert.is(loadHistory(path).downloads[0]?.ends, 1);
});

test('the file is readable by its owner alone, and no temporary file is left', () => {
  const file = open();
  terminate(file);
  assert.is(statSync(file.path).mode & 0o777, 0o600);
  assert.not(existsSync(`${file.path}.new`));
  assert.is((JSON.parse(readFileSync(file.path, 'utf8')) as { version: number }).version, 1);
});

test('a data dir that cannot be written does not keep the server from starting', () => {
  const errors: unknown[] = [];
  const path = join(dir, 'data');
  writeFileSync(path, 'a file where the folder should be');
  const file = new TerminationHistoryFile(path, (error) => void errors.push(error));
  file.open();
  assert.equal(file.blamedDownloads('s1'), []);
  assert.is(errors.length, 1);
});

test.run();
