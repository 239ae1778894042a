/** The tree host → sessions → downloads → engine processes, flat, as a list that can be windowed. */
import type { ActorView, EntityId } from '../../../protocol/inspection.ts';
import { type TreeLine, treeLines } from './tree-lines.ts';

/* eslint-disable svelte/prefer-svelte-reactivity -- maps and sets here are replaced, never changed in place */

export class Actors {
  #views: ReadonlyMap<EntityId, ActorView> = $state.raw(new Map());
  #closed: ReadonlySet<EntityId> = $state.raw(new Set());
  filter = $state('');

  readonly lines: readonly TreeLine[] = $derived.by(() => treeLines(this.#views, this.#closed, this.filter));

  get size(): number {
    return this.#views.size;
  }

  get(id: EntityId | null): ActorView | undefined {
    return id === null ? undefined : this.#views.get(id);
  }

  apply(whole: boolean, set: readonly ActorView[], gone: readonly EntityId[]): void {
    const views = whole ? new Map<EntityId, ActorView>() : new Map(this.#views);
    for (const id of gone) views.delete(id);
    for (const view of set) views.set(view.id, view);
    this.#views = views;
  }

  setOpen(id: EntityId, isOpen: boolean): void {
    const closed = new Set(this.#closed);
    if (isOpen) closed.delete(id);
    else closed.add(id);
    this.#closed = closed;
  }
}
