/**
 * The layout of a chart, by elkjs; deterministic. States are cards with their
 * transitions written in them; the lines between cards have no labels, so that those to one state can be merged (48
 * lines with labels took 3,270 × 1,430 px for the download machine, without 2,100 × 690).
 */
import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs';
import type { Box, Chart, ChartEdge, ChartLine, ChartState } from '../../src/lib/inspector/charts/chart.ts';
import { stateLines, METRICS } from '../../src/lib/inspector/charts/text.ts';
import type { DefinedState, MachineDefinition } from './read-machine.ts';

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.layered.mergeEdges': 'true',
  'elk.layered.mergeHierarchyEdges': 'true',
  'elk.layered.thoroughness': '40',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '8',
};

/** Everything but the hash. */
export async function layOut({ id, states, edges }: MachineDefinition): Promise<Omit<Chart, 'hash'>> {
  const heads = new Map(states.map((state) => [state.path, headOf(state, edges)]));
  const lines = linesOf(edges);
  const order = new Map(states.map(({ path }, index) => [path, index]));
  const nodeOf = ({ path }: DefinedState): ElkNode => {
    const head = heads.get(path)!;
    const children = states.filter(({ parent }) => parent === path).map(nodeOf);
    if (children.length === 0) return { id: idOf(path), ...head };
    const layoutOptions = {
      ...OPTIONS,
      'elk.padding': `[top=${head.height + 8},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${head.width},${head.height})`,
    };
    return { id: idOf(path), children, layoutOptions };
  };

  const graph: ElkNode = {
    id: 'page',
    layoutOptions: { ...OPTIONS, 'elk.padding': '[top=8,left=8,bottom=8,right=8]' },
    children: states.filter(({ parent }) => parent === null).map(nodeOf),
    edges: lines.map((line, index) => {
      const [from, to] = isBackward(line, order) ? [line.target, line.source] : [line.source, line.target];
      return { id: `line ${index}`, sources: [idOf(from)], targets: [idOf(to)] };
    }),
  };
  const page: ElkNode = await new ELK().layout(graph);

  const boxes = new Map(below(page).map((node) => [node.id, boxOf(node)]));
  return {
    id,
    width: Math.ceil(page.width ?? 0),
    height: Math.ceil(page.height ?? 0),
    states: states.map((state): ChartState => ({
      ...state,
      ...boxes.get(idOf(state.path))!,
      headHeight: heads.get(state.path)!.height,
    })),
    edges,
    lines: lines.map((line, index): ChartLine => {
      const points = pointsOf(page.edges![index]!);
      return { ...line, points: isBackward(line, order) ? points.reverse() : points };
    }),
  };
}

function headOf(state: DefinedState, edges: ChartEdge[]): { width: number; height: number } {
  const { char, line, title, pad } = METRICS;
  const lines = stateLines(
    state,
    edges.filter(({ source }) => source === state.path),
  );
  const widest = Math.max(state.name.length * title.char, ...lines.map(({ text }) => text.length * char));
  const body = lines.length === 0 ? 0 : lines.length * line + pad / 2;
  return { width: Math.ceil(widest) + 2 * pad, height: title.height + body + pad / 2 };
}

type UnplacedLine = Omit<ChartLine, 'points'>;

function linesOf(edges: ChartEdge[]): UnplacedLine[] {
  const lines = new Map<string, UnplacedLine>();
  for (const { id, source, target, isInternal } of edges) {
    if (isInternal) continue;
    const key = `${source} ${target}`;
    const line = lines.get(key) ?? { source, target, edges: [] };
    line.edges.push(id);
    lines.set(key, line);
  }
  return [...lines.values()];
}

/**
 * Whether a line goes against the order of the states in the source. Such lines are laid out reversed, so that elk does not
 * choose which lines run backwards (its own option for that throws on nested states, elkjs 0.12.1).
 */
function isBackward({ source, target }: UnplacedLine, order: Map<string, number>): boolean {
  return order.get(source)! > order.get(target)!;
}

/** A prefix, as the machine itself has an empty path, which elk does not accept as an id. */
const idOf = (path: string): string => `state ${path}`;

function below(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(below)];
}

function pointsOf(edge: ElkExtendedEdge): ChartLine['points'] {
  const { startPoint, bendPoints = [], endPoint } = edge.sections![0]!;
  return [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({ x: rounded(x), y: rounded(y) }));
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box {
  return { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
}

/** Rounded to a tenth of a pixel, which keeps the file short. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
