/** The charts of all machines that an inspector can meet, by the machine's id. */
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

/** As it is committed: one line an element, so that a diff of a machine's change can be read. */
export function chartsJson(charts: Record<string, Chart>): string {
  const parts = Object.entries(charts).map(([id, { states, edges, lines, ...rest }]) => {
    const lists = Object.entries({ states, edges, lines }).map(
      ([name, list]) => `"${name}":[\n${list.map((element) => JSON.stringify(element)).join(',\n')}\n]`,
    );
    return `"${id}":{\n${JSON.stringify(rest).slice(1, -1)},\n${lists.join(',\n')}\n}`;
  });
  return `{\n${parts.join(',\n')}\n}\n`;
}

/** 64 bits tell two machines apart; in full it would be the longest thing in a trace's head. */
function hashOf(definition: MachineDefinition): string {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 16);
}
