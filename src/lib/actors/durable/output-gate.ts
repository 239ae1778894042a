/**
 * The output gate: replies and frames wait here while any write of any object is uncommitted. One gate for all
 * objects, because one transaction holds the writes of all: an object may have seen another's write.
 */
import type { SluiceError } from '../../protocol/error.ts';

export interface Output<Owner> {
  /** The object that sent it: it is reset when the commit fails. */
  readonly owner: Owner;
  leave(): void;
  /** Called instead of `leave`: the commit failed (with the error for callers), or the turn was rolled back (null). */
  drop(error: SluiceError | null): void;
}

export class OutputGate<Owner> {
  #held: Output<Owner>[] = [];
  readonly #isOpen: () => boolean;

  /** @param isOpen whether everything written is committed */
  constructor(isOpen: () => boolean) {
    this.#isOpen = isOpen;
  }

  /** Releases it at once if nothing is uncommitted, else after the commit, in order. */
  pass(output: Output<Owner>): void {
    if (this.#held.length === 0 && this.#isOpen()) output.leave();
    else this.#held.push(output);
  }

  /** After a commit: releases all, in order. */
  release(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const output of held) output.leave();
  }

  /** After a failed commit. @returns the objects whose outputs were lost */
  fail(error: SluiceError): Set<Owner> {
    const held = this.#held;
    this.#held = [];
    for (const output of held) output.drop(error);
    return new Set(held.map((output) => output.owner));
  }
}
