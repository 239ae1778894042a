/** What a chart says about an actor's current state. */
import type { Chart, ChartEdge } from './chart.ts';

/**
 * The states an actor is in, outermost first, without the machine itself (`''`).
 * @param value a dot path as in `Observation.value`; states that the chart does not have are left out
 */
export function activeStates(chart: Chart, value: string): string[] {
  const parts = value.split('.');
  const paths = parts.map((_, index) => parts.slice(0, index + 1).join('.'));
  return paths.filter((path) => path !== '' && chart.states.some((state) => state.path === path));
}

/** The transitions that could be taken from there, innermost state first, in the order in which XState tries them. */
export function edgesFrom(chart: Chart, value: string): ChartEdge[] {
  const paths = [...activeStates(chart, value).reverse(), ''];
  return paths.flatMap((path) => chart.edges.filter(({ source }) => source === path));
}
