/** Short notices in a corner of the page, and announcements for screen readers. */
interface Notice {
  id: number;
  kind: 'info' | 'error';
  text: string;
}

const INFO_MS = 5_000;
/** Long enough to read two sentences twice. */
const ERROR_MS = 14_000;
const MAX_SHOWN = 4;
/** Announcements of one kind within this time are merged into one sentence. */
const ANNOUNCE_MS = 1_000;

export class Notices {
  shown: readonly Notice[] = $state.raw([]);
  /** The text of the live region. */
  announcement = $state('');
  #lastId = 0;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- not shown
  readonly #timers = new Map<number, { ms: number; timer: ReturnType<typeof setTimeout> | null }>();
  /** The components that can show notices: the page, then each dialog opened above it. */
  #hosts: readonly string[] = $state.raw([]);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- not shown
  readonly #announced = new Map<string, string[]>();

  info(text: string): void {
    this.#show('info', text, INFO_MS);
  }

  error(text: string): void {
    this.#show('error', text, ERROR_MS);
  }

  /** Shows a notice that stays. @returns removes it */
  pin(text: string): () => void {
    const id = this.#show('info', text, null);
    return () => this.dismiss(id);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
    const running = this.#timers.get(id);
    if (running?.timer != null) clearTimeout(running.timer);
    this.#timers.delete(id);
  }

  /** Keeps a notice while it is hovered or focused. */
  hold(id: number): void {
    const running = this.#timers.get(id);
    if (running?.timer == null) return;
    clearTimeout(running.timer);
    running.timer = null;
  }

  /** Restarts the timer of a held notice. */
  release(id: number): void {
    const held = this.#timers.get(id);
    if (held?.timer === null) held.timer = setTimeout(() => this.dismiss(id), held.ms);
  }

  /** The topmost host: what is behind a dialog is inert. */
  get host(): string | null {
    return this.#hosts.at(-1) ?? null;
  }

  /** @returns removes the host */
  addHost(host: string): () => void {
    this.#hosts = [...this.#hosts, host];
    return () => (this.#hosts = this.#hosts.filter((other) => other !== host));
  }

  /**
   * Announces to screen readers that a download ended.
   * @param one the sentence for one title
   * @param many the sentence for several
   */
  announce(
    kind: string,
    title: string,
    one: (title: string) => string,
    many: (count: number) => string,
  ): void {
    const titles = this.#announced.get(kind);
    if (titles !== undefined) {
      titles.push(title);
      return;
    }
    this.#announced.set(kind, [title]);
    setTimeout(() => {
      const all = this.#announced.get(kind) ?? [];
      this.#announced.delete(kind);
      this.announcement = all.length === 1 ? one(title) : many(all.length);
    }, ANNOUNCE_MS);
  }

  /** @param ms null = until it is dismissed */
  #show(kind: Notice['kind'], text: string, ms: number | null): number {
    const notice = { id: ++this.#lastId, kind, text };
    // A repeated text replaces the earlier notice.
    this.shown = [...this.shown.filter((other) => other.text !== text), notice].slice(-MAX_SHOWN);
    if (ms !== null) {
      this.#timers.set(notice.id, { ms, timer: setTimeout(() => this.dismiss(notice.id), ms) });
    }
    return notice.id;
  }
}
