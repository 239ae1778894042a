/** A statechart as data with its layout: written by `scripts/charts.ts`, drawn by the page. Lengths are CSS pixels. */

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

type StateType = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

export interface ChartState extends Box {
  /** A dot path below the machine, as in `Observation.value`: `download.throttle`; `''` is the machine itself. */
  path: string;
  /** null for the machine itself. */
  parent: string | null;
  name: string;
  type: StateType;
  isInitial: boolean;
  entry: string[];
  exit: string[];
  /** Height of its name and text lines; nested states are drawn below them. */
  headHeight: number;
}

export type EdgeKind = 'event' | 'always' | 'after' | 'child';

export interface ChartEdge {
  /** `transition-id.ts` */
  id: string;
  kind: EdgeKind;
  source: string;
  /** The source itself for an internal transition. */
  target: string;
  /** No state is exited or entered: the transition only runs actions. */
  isInternal: boolean;
  /** A readable name: `phase`, `after throttle`, `done`; `''` for an eventless transition. */
  event: string;
  guard: string | null;
  actions: string[];
}

/** One drawn line: all transitions from one state to another. Lines to the same state are merged where possible. */
export interface ChartLine {
  source: string;
  target: string;
  edges: string[];
  points: Point[];
}

export interface Chart {
  /** The machine's id. */
  id: string;
  /** Of the machine's definition, without the layout: changes only with the machine. */
  hash: string;
  width: number;
  height: number;
  /** Parents before their children. */
  states: ChartState[];
  edges: ChartEdge[];
  lines: ChartLine[];
}
