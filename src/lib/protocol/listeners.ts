/** Who wants to hear of what happens somewhere. Nothing should be built or measured while nobody does. */
export class Listeners<Event> {
  #listeners: ((event: Event) => void)[] = [];

  /** Ask this before building an event. */
  get isWatched(): boolean {
    return this.#listeners.length > 0;
  }

  /** @returns stops it */
  add(listener: (event: Event) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** A listener that throws is not asked again: watching must not change what is watched. */
  tell(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.#listeners = this.#listeners.filter((other) => other !== listener);
      }
    }
  }
}
