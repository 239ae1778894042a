/** The charts as `npm run charts` wrote them, by the machine's id. */
import type { Chart } from './chart.ts';
import charts from './charts.json' with { type: 'json' };

export const CHARTS = charts as unknown as Readonly<Record<string, Chart>>;

/** Hashes of the machines' definitions: what a trace was recorded with, and what a page can draw. */
export const MACHINE_HASHES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CHARTS).map(([id, { hash }]) => [id, hash]),
);
