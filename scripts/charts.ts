/** `npm run charts`: draws the machines anew after one has changed. A test tells when that was forgotten. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCharts, chartsJson } from './charts/make-charts.ts';

const path = join(import.meta.dirname, '../src/lib/inspector/charts/charts.json');
writeFileSync(path, chartsJson(await makeCharts()));
