/**
 * The output gate: replies and frames wait here while any write of any object is uncommitted. One gate for all
 * objects, because one transaction holds the writes of all: an object may have learnt of another's write.
 */
import type { SluiceError } from '../../protocol/error.ts';

export interface Output<Owner> {
  /** Whose it is: when the commit fails, it starts afresh. */
  readonly owner: Owner;
  leave(): void;
  /** It will not leave: the commit failed (callers get why), or the turn it belongs to was taken back (null). */
  drop(error: SluiceError | null): void;
}

export class OutputGate<Owner> {
  #held: Output<Owner>[] = [];
  readonly #isOpen: () => boolean;

  /** @param isOpen whether everything written is committed */
  constructor(isOpen: () => boolean) {
    this.#isOpen = isOpen;
  }

  /** Leaves now when nothing waits for a commit, else after it, in order. */
  pass(output: Output<Owner>): void {
    if (this.#held.length === 0 && this.#isOpen()) output.leave();
    else this.#held.push(output);
  }

  /** After a commit: all leave, in order. */
  release(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const output of held) output.leave();
  }

  /** After a failed commit. Returns whose outputs were lost. */
  fail(error: SluiceError): Set<Owner> {
    const held = this.#held;
    this.#held = [];
    for (const output of held) output.drop(error);
    return new Set(held.map((output) => output.owner));
  }
}
