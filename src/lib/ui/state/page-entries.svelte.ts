import { resolve } from '$app/paths';
import { callApi } from '../call-api.ts';
import { thrownLabel } from '../labels.ts';
import { findSession } from './browser-session.ts';

/** What a page beside the list shows of it, such as its devices: loaded when it opens, and after one was removed. */
export class PageEntries<List> {
  list = $state.raw<List | null>(null);
  error = $state<string | null>(null);
  isLoading = $state(true);
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** A browser that comes here first has no list yet. */
  open(): Promise<void> {
    return this.#run(async () => {
      // The list asks whose it is.
      if ((await findSession()).isUnknown) location.replace(resolve('/'));
      else await this.load();
    });
  }

  async load(): Promise<void> {
    this.list = await callApi<List>('GET', this.#path);
  }

  remove(path: string): Promise<void> {
    return this.#run(async () => {
      await callApi('DELETE', path);
      await this.load();
    });
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.error = null;
    try {
      await work();
    } catch (thrown) {
      this.error = thrownLabel(thrown);
    }
    this.isLoading = false;
  }
}
