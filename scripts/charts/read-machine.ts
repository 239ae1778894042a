/** A machine's definition as plain data: what a chart shows, without its layout. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { ChartEdge, ChartState, EdgeKind } from '../../src/lib/inspector/charts/chart.ts';
import { transitionId } from '../../src/lib/inspector/charts/transition-id.ts';

export type DefinedState = Pick<
  ChartState,
  'path' | 'parent' | 'name' | 'type' | 'isInitial' | 'entry' | 'exit'
>;

export interface MachineDefinition {
  id: string;
  states: DefinedState[];
  edges: ChartEdge[];
}

export function readMachine(machine: AnyStateMachine): MachineDefinition {
  const nodes = below(machine.root);
  return { id: machine.id, states: nodes.map(stateOf), edges: nodes.flatMap(edgesOf) };
}

/** Parents before their children, in the order of the source. */
function below(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(below)];
}

const pathOf = ({ path }: AnyStateNode): string => path.join('.');

function stateOf(node: AnyStateNode): DefinedState {
  return {
    path: pathOf(node),
    parent: node.parent === undefined ? null : pathOf(node.parent as AnyStateNode),
    name: node.key || node.machine.id,
    type: node.type,
    isInitial: (node.parent as AnyStateNode | undefined)?.initial?.target?.[0] === node,
    // Without XState's own actions for the timer of an `after`, which is shown as an edge.
    entry: node.entry.map(nameOf).filter((name) => name !== 'raise'),
    exit: node.exit.map(nameOf).filter((name) => name !== 'cancel'),
  };
}

function edgesOf(node: AnyStateNode): ChartEdge[] {
  const definitions = [...(node.always ?? []), ...[...node.transitions.values()].flat()];
  return definitions.map((definition) => edgeOf(node, definition as AnyTransitionDefinition));
}

function edgeOf(node: AnyStateNode, definition: AnyTransitionDefinition): ChartEdge {
  const id = transitionId(definition as Parameters<typeof transitionId>[0]);
  if (id === null) throw new Error(`A transition of ${node.id} cannot be named.`);
  const target = definition.target?.[0] as AnyStateNode | undefined;
  return {
    id,
    ...eventOf(definition.eventType as string, node.id),
    source: pathOf(node),
    target: pathOf(target ?? node),
    isInternal: target === undefined,
    guard: definition.guard === undefined ? null : nameOf(definition.guard),
    actions: definition.actions.map(nameOf),
  };
}

/** Readable names for XState's own events. */
function eventOf(type: string, source: string): { event: string; kind: EdgeKind } {
  if (type === '') return { event: '', kind: 'always' };
  const after = /^xstate\.after\.(.+)$/.exec(type)?.[1];
  if (after !== undefined) return { event: `after ${after.slice(0, -source.length - 1)}`, kind: 'after' };
  const child = /^xstate\.(done|error)\.actor\.\*$/.exec(type)?.[1];
  if (child !== undefined) return { event: child === 'done' ? 'child done' : 'child crashed', kind: 'child' };
  return { event: type, kind: 'event' };
}

/** `enter(queued)`: an action or guard with its static parameters. */
function nameOf(action: unknown): string {
  if (typeof action === 'string') return action;
  // XState's own (`spawnChild`, `stopChild`) are named functions.
  const { type, params } = action as { type: string; params?: unknown };
  const name = type.replace(/^xstate\./, '');
  return typeof params === 'string' ? `${name}(${params})` : name;
}
