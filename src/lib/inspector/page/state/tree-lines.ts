/** Flattens the tree to the list of visible lines, sorted and filtered. */
import type { ActorView, EntityId } from '../../../protocol/inspection.ts';

export interface TreeLine {
  actor: ActorView;
  /** 1 = outermost. */
  level: number;
  hasChildren: boolean;
  isOpen: boolean;
  /** Among its siblings, from 1. */
  position: number;
  siblings: number;
}

/** @param filter empty = everything; else matching lines and their ancestors, expanded */
export function treeLines(
  views: ReadonlyMap<EntityId, ActorView>,
  closed: ReadonlySet<EntityId>,
  filter: string,
): TreeLine[] {
  const query = filter.trim().toLowerCase();
  const kept = query === '' ? null : matchingWithAncestors(query, views);
  const children = childrenOf(
    [...views.values()].filter(({ id }) => kept?.has(id) ?? true),
    views,
  );
  const lines: TreeLine[] = [];
  const walk = (parent: EntityId | null, level: number): void => {
    const siblings = children.get(parent) ?? [];
    siblings.sort(newestFirst).forEach((actor, index) => {
      const hasChildren = children.has(actor.id);
      const isOpen = hasChildren && (query !== '' || !closed.has(actor.id));
      lines.push({ actor, level, hasChildren, isOpen, position: index + 1, siblings: siblings.length });
      if (isOpen) walk(actor.id, level + 1);
    });
  };
  walk(null, 1);
  return lines;
}

export function parentOf(view: ActorView): EntityId | null {
  return 'parent' in view ? view.parent : null;
}

function childrenOf(
  shown: readonly ActorView[],
  views: ReadonlyMap<EntityId, ActorView>,
): Map<EntityId | null, ActorView[]> {
  const children = new Map<EntityId | null, ActorView[]>();
  for (const view of shown) {
    const parent = parentOf(view);
    // The reader may not be allowed to see the parent: then it is shown at the top level.
    const key = parent !== null && views.has(parent) ? parent : null;
    const list = children.get(key);
    if (list === undefined) children.set(key, [view]);
    else list.push(view);
  }
  return children;
}

/** The matching views and their ancestors. */
function matchingWithAncestors(words: string, views: ReadonlyMap<EntityId, ActorView>): Set<EntityId> {
  const kept = new Set<EntityId>();
  for (const view of views.values()) {
    if (!searchableText(view).includes(words)) continue;
    for (let at: ActorView | undefined = view; at !== undefined && !kept.has(at.id);) {
      kept.add(at.id);
      const parent = parentOf(at);
      at = parent === null ? undefined : views.get(parent);
    }
  }
  return kept;
}

function searchableText(view: ActorView): string {
  const own =
    view.kind === 'download'
      ? [view.title, view.state, view.errorCode]
      : view.kind === 'session'
        ? [view.state]
        : view.kind === 'engine'
          ? [view.engine, view.pid]
          : [view.pid];
  const last = 'lastEvent' in view ? view.lastEvent?.name : null;
  return [view.id, ...own, last].join(' ').toLowerCase();
}

/** Sorts by what never changes: a line must not move away from under the pointer when its actor changes state. */
function newestFirst(a: ActorView, b: ActorView): number {
  return createdAt(b) - createdAt(a) || (a.id < b.id ? -1 : 1);
}

function createdAt(view: ActorView): number {
  // A new session has nothing stored yet. The difference of two such is NaN, so their ids decide.
  return 'createdAt' in view ? (view.createdAt ?? Infinity) : view.since;
}
