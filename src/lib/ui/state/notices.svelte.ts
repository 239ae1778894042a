/** What is told in passing: short notices in a corner, and words for those who listen to the page. */
export interface Notice {
  id: number;
  kind: 'info' | 'error';
  text: string;
}

const INFO_MS = 5_000;
/** Long enough to read two sentences twice. */
const ERROR_MS = 14_000;
const MOST = 4;
/** Ends within this time are told together: ten files that finish at once are one sentence. */
const GATHER_MS = 1_000;

export class Notices {
  shown: readonly Notice[] = $state.raw([]);
  /** The text of the live region. */
  said = $state('');
  #lastId = 0;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- waits for its second, shown to nobody
  readonly #gathered = new Map<string, string[]>();

  info(text: string): void {
    this.#show('info', text, INFO_MS);
  }

  error(text: string): void {
    this.#show('error', text, ERROR_MS);
  }

  /** @returns takes it back: it stays until then */
  hold(text: string): () => void {
    const id = this.#show('info', text, null);
    return () => this.dismiss(id);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }

  /**
   * Says politely what ended.
   * @param one the sentence for one title; @param many for several
   */
  gather(kind: string, title: string, one: (title: string) => string, many: (count: number) => string): void {
    const titles = this.#gathered.get(kind);
    if (titles !== undefined) {
      titles.push(title);
      return;
    }
    this.#gathered.set(kind, [title]);
    setTimeout(() => {
      const all = this.#gathered.get(kind) ?? [];
      this.#gathered.delete(kind);
      this.said = all.length === 1 ? one(title) : many(all.length);
    }, GATHER_MS);
  }

  /** @param ms null = until it is dismissed */
  #show(kind: Notice['kind'], text: string, ms: number | null): number {
    const notice = { id: ++this.#lastId, kind, text };
    // The same sentence twice is one notice that stays longer.
    this.shown = [...this.shown.filter((other) => other.text !== text), notice].slice(-MOST);
    if (ms !== null) setTimeout(() => this.dismiss(notice.id), ms);
    return notice.id;
  }
}
