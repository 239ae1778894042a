/** Compares two values: one tree of what is the same, added, removed or changed. */
import type { Json } from '../../../protocol/inspection.ts';

export type ChangeKind = 'same' | 'added' | 'removed' | 'changed';

export interface DiffNode {
  key: string;
  change: ChangeKind;
  /** undefined = absent. */
  before: Json | undefined;
  after: Json | undefined;
  /** Of objects and arrays; empty for primitive values, and where one kind of value replaced another. */
  children: DiffNode[];
  isList: boolean;
}

/** @param before pass the same value twice for a tree without changes */
export function diff(before: Json | undefined, after: Json | undefined, key = ''): DiffNode {
  const shape = shapeOf(after === undefined ? before : after);
  const isAlike = before === undefined || after === undefined || shapeOf(before) === shape;
  const children = shape === 'plain' || !isAlike ? [] : childrenOf(before, after);
  return {
    key,
    change: changeOf(before, after, children),
    before,
    after,
    children,
    isList: shape === 'list',
  };
}

/** How many values differ in this tree. */
export function countChanges({ change, children }: DiffNode): number {
  if (change === 'same') return 0;
  if (change !== 'changed' || children.length === 0) return 1;
  return children.reduce((sum, child) => sum + countChanges(child), 0);
}

function childrenOf(before: Json | undefined, after: Json | undefined): DiffNode[] {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return keys.map((key) => diff(old.get(key), now.get(key), key));
}

function changeOf(before: Json | undefined, after: Json | undefined, children: DiffNode[]): ChangeKind {
  if (before === undefined) return after === undefined ? 'same' : 'added';
  if (after === undefined) return 'removed';
  if (children.length > 0) return children.some(({ change }) => change !== 'same') ? 'changed' : 'same';
  return JSON.stringify(before) === JSON.stringify(after) ? 'same' : 'changed';
}

function shapeOf(value: Json | undefined): 'list' | 'object' | 'plain' {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' && value !== null ? 'object' : 'plain';
}

function entriesOf(value: Json | undefined): Map<string, Json> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
