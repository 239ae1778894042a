/** What a chart says about an actor that stands somewhere in it. */
import type { Chart, ChartEdge } from './chart.ts';

/**
 * The states an actor is in, outermost first, the machine itself (`''`) left out.
 * @param value a dot path as `Observation.value` has it; what the chart does not know is left out
 */
export function activeStates(chart: Chart, value: string): string[] {
  const parts = value.split('.');
  const paths = parts.map((_, index) => parts.slice(0, index + 1).join('.'));
  return paths.filter((path) => path !== '' && chart.states.some((state) => state.path === path));
}

/** The transitions that could be taken from there, innermost state first, as XState looks for them. */
export function edgesFrom(chart: Chart, value: string): ChartEdge[] {
  const paths = [...activeStates(chart, value).reverse(), ''];
  return paths.flatMap((path) => chart.edges.filter(({ source }) => source === path));
}
