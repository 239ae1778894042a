import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERRORS } from '#lib/protocol/error.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
const sections = page.split(/^### /m).slice(1);
const SHAPE =
  /^(?<code>\w+)\n\nStatus (?<status>\d{3})(?<byItself>, passes by itself)?\. [^]+\n\n\*\*Do:\*\* \S/;

test('docs/errors.md tells of every code its status, whether it passes by itself, its meaning and a remedy', () => {
  const told = sections.map((section) => {
    const { code = section, status, byItself } = SHAPE.exec(section.trim())?.groups ?? {};
    return [code, Number(status), byItself !== undefined] as const;
  });
  const known = Object.entries(ERRORS).map(
    ([code, { status, transient }]) => [code, status, transient] as const,
  );
  const sorted = (rows: typeof told) => rows.map((row) => row.join(' ')).sort();
  assert.equal(sorted(told), sorted(known));
});

test('no code is told of twice', () => {
  const codes = sections.map((section) => section.split('\n', 1)[0]);
  assert.is(new Set(codes).size, codes.length);
});

test.run();
