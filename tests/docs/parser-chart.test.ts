import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chartOf } from '../../bench/progress/chart.ts';
import type { ProgressReport } from '../../bench/progress/result.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const report = JSON.parse(read('bench/results/progress.json')) as ProgressReport;

test('docs/parser-speed.svg is drawn from the published results', () => {
  assert.is(read('docs/parser-speed.svg'), chartOf(report));
});

test('the chart names every dialect, also for those who cannot see it, and has colours for dark pages', () => {
  const chart = chartOf(report);
  const description = /<desc>(.*)<\/desc>/.exec(chart)?.[1] ?? '';
  for (const { dialect } of report.results) {
    assert.match(description, `${dialect}: `);
    assert.match(chart, `>${dialect}</text>`);
  }
  assert.match(chart, '@media (prefers-color-scheme: dark)');
});

test('all records of all dialects came out right', () => {
  for (const { dialect, shareRight } of report.results) assert.is(shareRight, 1, dialect);
});

test.run();
