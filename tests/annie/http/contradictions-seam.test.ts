/** Odd responses of servers without strong validators: whatever they send, no complete file is of two versions. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close, interrupted } from './interrupted.ts';
import { ODD_ROWS, type OddRow } from './odd-responses.ts';

const MiB = 1024 * 1024;
/** They mostly wait for the next try. */
const AT_ONCE = 12;
test.after(close);

const HARMLESS = ['the file', 'the new file', 'the unversioned file'];
/** Without a validator a whole file of another size is a new version (docs/adr/025). */
const NEW_SIZE = /^complete with (2102152|0) /;
/** Codes of a failed download. */
const isFailure = (end: string): boolean => /^[a-z_]+$/.test(end);

interface Case {
  row: OddRow;
  etag: string | null;
  ends: Promise<string[]>;
}

const cases: Case[] = [];
const waiting: (() => Promise<void>)[] = [];
for (const etag of [null, 'W/"v1"']) {
  const { ends } = interrupted(2 * MiB, etag);
  for (const row of ODD_ROWS) {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    cases.push({ row, etag, ends: promise });
    waiting.push(async () => resolve(Object.values(await ends(row, etag === null))));
  }
}
const runCases = async (): Promise<void> => {
  for (let next = waiting.shift(); next; next = waiting.shift()) await next();
};
test.before(() => Promise.all(Array.from({ length: AT_ONCE }, runCases)).then(() => undefined));

for (const { row, etag, ends } of cases) {
  test(`${row.what} with ${etag === null ? 'no validator' : 'a weak ETag'} mixes no versions`, async () => {
    for (const end of await ends) {
      const isNew = etag === null && NEW_SIZE.test(end) && /another size|without a byte/.test(row.what);
      assert.ok(HARMLESS.includes(end) || isFailure(end) || isNew, end);
    }
  });
}

test.run();
