/** The text of a chart, line by line, shared so that the layout reserves room for exactly what the page draws. */
import type { ChartEdge, ChartState } from './chart.ts';

/** CSS pixels. `char`: a monospaced character at 11 px is 6.6 wide; a title at 14 px bold comes to at most 8.8. */
export const METRICS = { char: 6.6, line: 16, title: { char: 8.8, height: 28 }, pad: 12 };

interface StateLine {
  text: string;
  /** Id of the transition; null = an entry or exit action. */
  edge: string | null;
}

/** The lines of a state's card: its entry and exit actions, then its transitions. */
export function stateLines(
  { entry, exit }: Pick<ChartState, 'entry' | 'exit'>,
  edges: readonly ChartEdge[],
): StateLine[] {
  return [
    ...entry.map((action) => ({ text: `entry / ${action}`, edge: null })),
    ...exit.map((action) => ({ text: `exit / ${action}`, edge: null })),
    ...edges.map((edge) => ({ text: edgeText(edge), edge: edge.id })),
  ];
}

/** `phase [inPhase(finish)] / describe` */
export function edgeText({ event, guard, actions }: ChartEdge): string {
  const when = [event, guard === null ? '' : `[${guard}]`].filter((part) => part !== '').join(' ');
  const effect = actions.length === 0 ? '' : ` / ${actions.join(', ')}`;
  return (when === '' ? 'else' : when) + effect;
}
