/** The charts of all machines, by the machine's id. */
import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { downloadMachine } from '../../src/lib/actors/download/machine.ts';
import { sessionMachine } from '../../src/lib/actors/session/machine.ts';
import type { Chart } from '../../src/lib/inspector/charts/chart.ts';
import { layOut } from './lay-out.ts';
import { type MachineDefinition, readMachine } from './read-machine.ts';

const MACHINES: readonly AnyStateMachine[] = [sessionMachine, downloadMachine];

export async function makeCharts(): Promise<Record<string, Chart>> {
  const charts: Record<string, Chart> = {};
  for (const machine of MACHINES) {
    const definition = readMachine(machine);
    charts[definition.id] = { ...(await layOut(definition)), hash: hashOf(definition) };
  }
  return charts;
}

/** The text of charts.json: one element a line, for readable diffs. */
export function chartsJson(charts: Record<string, Chart>): string {
  const parts = Object.entries(charts).map(([id, { states, edges, lines, ...rest }]) => {
    const lists = Object.entries({ states, edges, lines }).map(
      ([name, list]) => `"${name}":[\n${list.map((element) => JSON.stringify(element)).join(',\n')}\n]`,
    );
    return `"${id}":{\n${JSON.stringify(rest).slice(1, -1)},\n${lists.join(',\n')}\n}`;
  });
  return `{\n${parts.join(',\n')}\n}\n`;
}

/** Shortened to 64 bits: it is in the head of each trace. */
function hashOf(definition: MachineDefinition): string {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 16);
}
