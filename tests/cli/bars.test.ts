import { stripVTControlCharacters } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { barLine, createBars } from '../../src/cli/bars.ts';

const ESC = '\u001b';

const ROW: DownloadView = {
  id: 'AAAAAAAAAAAA',
  url: 'http://example.com/film.mp4',
  title: 'A film with a rather long title that does not fit anywhere',
  engine: 'http',
  state: 'download',
  receivedBytes: 4_200_000,
  totalBytes: 10_000_000,
  percent: 42,
  bytesPerSecond: 1_500_000,
  etaSeconds: 4,
  attempt: 1,
  createdAt: '2026-11-23T10:00:00.000Z',
  finishedAt: null,
  file: null,
  error: null,
};

test('a bar fits its terminal exactly, however narrow', () => {
  for (let columns = 10; columns <= 200; columns++) {
    assert.is(barLine(ROW, columns, false).length, columns, `${columns} columns`);
  }
});

test('a bar shows percent, sizes, speed and time left', () => {
  const line = barLine(ROW, 120, false);
  for (const part of ['42%', '4.20 MB / 10.0 MB', '1.50 MB/s', '0:04', '█', '░'])
    assert.ok(line.includes(part), `${part} in ${line}`);
});

test('a download that lacks one byte shows neither 100% nor a full bar, however wide the terminal', () => {
  const row = { ...ROW, receivedBytes: 9_999_999, percent: 99.9 };
  for (let columns = 20; columns <= 400; columns++) {
    const line = barLine(row, columns, false);
    assert.not.match(line, '100%', `${columns} columns`);
    if (line.includes('█')) assert.match(line, '░', `${columns} columns`);
  }
  assert.match(barLine({ ...ROW, receivedBytes: 10_000_000, percent: 100 }, 120, false), /█ 100%/);
});

test('without a known size neither a percentage nor a filled bar is shown', () => {
  const line = barLine({ ...ROW, totalBytes: null, percent: null, etaSeconds: null }, 120, false);
  assert.not.match(line, /%|█/);
});

test('a waiting download shows what it waits for', () => {
  const error = { code: 'disk_full', message: 'The disk is full.' } as const;
  assert.match(barLine({ ...ROW, state: 'waiting', error }, 120, false), /waiting \(disk_full\)/);
});

test('a download whose file is being hashed says so', () => {
  const sha256 = 'a1'.repeat(32);
  assert.match(barLine({ ...ROW, state: 'finish', sha256 }, 120, false), /finish, SHA-256/);
  assert.not.match(barLine({ ...ROW, state: 'finish' }, 120, false), /SHA/);
});

function screen(env: Record<string, string> = {}) {
  let written = '';
  const terminal = { write: (text: string) => ((written += text), true), columns: 60, rows: 5 };
  return { bars: createBars(terminal as never, env), written: () => written };
}

test('finished downloads stay above with their name and size, and the cursor is shown again at the end', () => {
  const { bars, written } = screen();
  bars.row(ROW);
  bars.row({ ...ROW, state: 'complete', file: { name: 'film.mp4', bytes: 10_000_000 } });
  const lowered = { quality: '720p', missing: '1080p' };
  bars.row({ ...ROW, id: 'C', state: 'complete', file: { name: 'low.mp4', bytes: 1_000 }, lowered });
  bars.row({ ...ROW, id: 'B', state: 'error', error: { code: 'dns_failed', message: 'No such host.' } });
  bars.end();
  const text = stripVTControlCharacters(written());
  assert.match(text, /✓ film\.mp4 {2}10\.0 MB/);
  assert.match(text, /✓ low\.mp4 {2}1\.00 kB {2}\(720p, as 1080p could not be had\)/);
  assert.match(text, /✗ .* error: No such host\. \(dns_failed\)/);
  assert.ok(written().endsWith(`${ESC}[?25h`));
});

test('more downloads than lines are counted, not drawn over each other', () => {
  const { bars, written } = screen();
  for (let n = 0; n < 9; n++) bars.row({ ...ROW, id: String(n) });
  bars.end();
  assert.is(written().split('\n').length - 1, 4);
  assert.match(written(), /and 6 more/);
});

test('NO_COLOR is respected', () => {
  const { bars, written } = screen({ NO_COLOR: '1' });
  bars.row(ROW);
  bars.end();
  assert.not(
    written()
      .split(ESC)
      .some((part) => /^\[\d+m/.test(part)),
  );
});

test('a title from the network cannot write control codes to the terminal', () => {
  const { bars, written } = screen({ NO_COLOR: '1' });
  bars.row({ ...ROW, title: '\u001b]0;owned\u0007\u001b[2J' });
  bars.end();
  for (const code of [`${ESC}]`, '\u0007', `${ESC}[2J`]) assert.not(written().includes(code));
});

test.run();
