/** The tree as a list: what can be windowed, filtered and walked with the arrow keys. */
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

/** @param filter empty = everything; else what has the words in it, and all that holds it, opened */
export function treeLines(
  views: ReadonlyMap<EntityId, ActorView>,
  closed: ReadonlySet<EntityId>,
  filter: string,
): TreeLine[] {
  const words = filter.trim().toLowerCase();
  const kept = words === '' ? null : keptBy(words, views);
  const children = childrenOf(
    [...views.values()].filter(({ id }) => kept?.has(id) ?? true),
    views,
  );
  const lines: TreeLine[] = [];
  const walk = (parent: EntityId | null, level: number): void => {
    const siblings = children.get(parent) ?? [];
    siblings.sort(newestFirst).forEach((actor, index) => {
      const hasChildren = children.has(actor.id);
      const isOpen = hasChildren && (words !== '' || !closed.has(actor.id));
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
    // What holds it may not be shown to this reader: then it stands outermost.
    const key = parent !== null && views.has(parent) ? parent : null;
    const list = children.get(key);
    if (list === undefined) children.set(key, [view]);
    else list.push(view);
  }
  return children;
}

/** What has the words in it, and all that holds it. */
function keptBy(words: string, views: ReadonlyMap<EntityId, ActorView>): Set<EntityId> {
  const kept = new Set<EntityId>();
  for (const view of views.values()) {
    if (!textOf(view).includes(words)) continue;
    for (let at: ActorView | undefined = view; at !== undefined && !kept.has(at.id);) {
      kept.add(at.id);
      const parent = parentOf(at);
      at = parent === null ? undefined : views.get(parent);
    }
  }
  return kept;
}

function textOf(view: ActorView): string {
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

/** By what never changes: a line that is paused or falls asleep must not move away from under the pointer. */
function newestFirst(a: ActorView, b: ActorView): number {
  return createdAt(b) - createdAt(a) || (a.id < b.id ? -1 : 1);
}

function createdAt(view: ActorView): number {
  // Of a session that has just come nothing is stored. Two of them differ by NaN, so that their ids decide.
  return 'createdAt' in view ? (view.createdAt ?? Infinity) : view.since;
}
