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
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- shown to nobody
  readonly #timers = new Map<number, { ms: number; timer: ReturnType<typeof setTimeout> | null }>();
  /** Who shows them: the page, then each dialog that was opened above it. */
  #hosts: readonly string[] = $state.raw([]);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- waits for its second, shown to nobody
  readonly #gathered = new Map<string, string[]>();

  info(text: string): void {
    this.#show('info', text, INFO_MS);
  }

  error(text: string): void {
    this.#show('error', text, ERROR_MS);
  }

  /** @returns takes it back: it stays until then */
  stand(text: string): () => void {
    const id = this.#show('info', text, null);
    return () => this.dismiss(id);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
    const running = this.#timers.get(id);
    if (running?.timer != null) clearTimeout(running.timer);
    this.#timers.delete(id);
  }

  /** It stays for as long as it is pointed at or has the focus. */
  hold(id: number): void {
    const running = this.#timers.get(id);
    if (running?.timer == null) return;
    clearTimeout(running.timer);
    running.timer = null;
  }

  /** From here it has all its time again. */
  release(id: number): void {
    const held = this.#timers.get(id);
    if (held?.timer === null) held.timer = setTimeout(() => this.dismiss(id), held.ms);
  }

  /** The one that is on top: what is behind a dialog is dimmed, and cannot be pressed. */
  get host(): string | null {
    return this.#hosts.at(-1) ?? null;
  }

  /** @returns what takes it back */
  addHost(host: string): () => void {
    this.#hosts = [...this.#hosts, host];
    return () => (this.#hosts = this.#hosts.filter((other) => other !== host));
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
    if (ms !== null) {
      this.#timers.set(notice.id, { ms, timer: setTimeout(() => this.dismiss(notice.id), ms) });
    }
    return notice.id;
  }
}
