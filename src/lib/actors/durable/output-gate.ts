/**
 * The output gate: replies and frames wait here while a write of the object that sends them is uncommitted. It sees no other
 * object's writes but by calls, whose answers wait in the same way.
 */
import type { SluiceError } from '../../protocol/error.ts';

export interface GatedOutput<Owner> {
  /** The object that sent it: it is reset when the commit fails. */
  readonly owner: Owner;
  leave(): void;
  /** Called instead of `leave`: the commit failed (with the error for callers), or the turn was rolled back (null). */
  drop(error: SluiceError | null): void;
}

export class OutputGate<Owner> {
  #held: GatedOutput<Owner>[] = [];
  readonly #isOpen: (owner: Owner) => boolean;

  /** @param isOpen whether everything that the object has written is committed */
  constructor(isOpen: (owner: Owner) => boolean) {
    this.#isOpen = isOpen;
  }

  /** Releases it at once if nothing is uncommitted, else after the commit, in order. */
  pass(output: GatedOutput<Owner>): void {
    if (this.#isOpen(output.owner)) output.leave();
    else this.#held.push(output);
  }

  /** After a commit: releases all, in order. */
  release(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const output of held) output.leave();
  }

  /** After a failed commit. */
  fail(error: SluiceError): void {
    const held = this.#held;
    this.#held = [];
    for (const output of held) output.drop(error);
  }
}
