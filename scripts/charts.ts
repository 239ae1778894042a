/** `npm run charts`: redraws the charts of the machines. A test fails when that was forgotten. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCharts, chartsJson } from './charts/make-charts.ts';

const path = join(import.meta.dirname, '../src/lib/inspector/charts/charts.json');
writeFileSync(path, chartsJson(await makeCharts()));
