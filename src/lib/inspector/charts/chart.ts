/** A statechart as data, laid out: what `scripts/charts.ts` writes and the page draws. Lengths are CSS pixels. */

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

export type StateType = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

export interface ChartState extends Box {
  /** A dot path below the machine, as `Observation.value` has it: `download.throttle`; `''` is the machine itself. */
  path: string;
  /** Null for the machine itself. */
  parent: string | null;
  name: string;
  type: StateType;
  isInitial: boolean;
  entry: string[];
  exit: string[];
  /** Its name and what is written under it; a state with states in it has them below that. */
  headHeight: number;
}

export type EdgeKind = 'event' | 'always' | 'after' | 'child';

export interface ChartEdge {
  /** `transition-id.ts` */
  id: string;
  kind: EdgeKind;
  source: string;
  /** The source itself where the transition leaves it as it is. */
  target: string;
  /** Nothing is left and entered: actions only. */
  isInternal: boolean;
  /** As a person reads it: `phase`, `after throttle`, `done`; `''` for an eventless one. */
  event: string;
  guard: string | null;
  actions: string[];
}

/** One drawn line: all transitions from one state to another. Lines to the same state run together where they can. */
export interface ChartLine {
  source: string;
  target: string;
  edges: string[];
  points: Point[];
}

export interface Chart {
  /** The machine's id. */
  id: string;
  /** Of its definition, without the drawing: changes when, and only when, the machine does. */
  hash: string;
  width: number;
  height: number;
  /** Parents before their children. */
  states: ChartState[];
  edges: ChartEdge[];
  lines: ChartLine[];
}
