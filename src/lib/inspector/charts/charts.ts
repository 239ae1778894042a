/** The charts written by `npm run charts`, by machine id. */
import type { Chart } from './chart.ts';
import charts from './charts.json' with { type: 'json' };

export const CHARTS = charts as unknown as Readonly<Record<string, Chart>>;

/** Hashes of the machines' definitions. A trace carries them, so that the page can tell whether its charts match. */
export const MACHINE_HASHES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CHARTS).map(([id, { hash }]) => [id, hash]),
);
