/** A list of event listeners. Emitters check `isWatched` first, so that no event is built without a listener. */
export class Listeners<Event> {
  #listeners: ((event: Event) => void)[] = [];

  get isWatched(): boolean {
    return this.#listeners.length > 0;
  }

  /** @returns removes the listener */
  add(listener: (event: Event) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** A listener that throws is removed: it must not affect what it observes. */
  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.#listeners = this.#listeners.filter((other) => other !== listener);
      }
    }
  }
}
