/**
 * Where a track's fragments are: in the chosen playlist, and in others of the same stream on other hosts (RFC 8216, section
 * 6.2.4). A fragment that one cannot give is requested from the next, which then serves those after it too.
 */
import { type Fragment, fragmentAt, type Fragments } from '../../../foreign/playlist/fragments.ts';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';

/** Fetches the playlist of a backup. */
export type LoadBackup = () => Promise<Fragments>;

/** Failures of one host or its copy; the codes `remote_*` too. */
const HOST_CODES: readonly ErrorCode[] = [
  ...(['connect_failed', 'connection_lost', 'dns_failed', 'host_away', 'timeout', 'engine_stalled'] as const),
  ...(['tls_failed', 'too_many_redirects', 'size_mismatch', 'not_media', 'invalid_manifest'] as const),
  ...(['unsupported_scheme', 'address_refused', 'invalid_url', 'url_too_long'] as const),
  ...(['live_stream', 'encrypted', 'too_complex', 'not_http', 'head_too_long'] as const),
];

/** Whether another host may do better. */
export function isHostFailure(thrown: unknown): thrown is SluiceError {
  if (!(thrown instanceof SluiceError)) return false;
  return thrown.code.startsWith('remote_') || HOST_CODES.includes(thrown.code);
}

export class FragmentSources {
  readonly #sources: Fragments[];
  readonly #backups: LoadBackup[];
  #current = 0;
  #loading: Promise<void> = Promise.resolve();

  constructor(main: Fragments, backups: readonly LoadBackup[] = []) {
    this.#sources = [main];
    this.#backups = [...backups];
  }

  /**
   * @param index of the fragment
   * @param run called for one source after the other until it succeeds; `isBackup`: it has failed before
   * @throws of the first source
   */
  async run<Result>(
    index: number,
    run: (fragment: Fragment, isBackup: boolean) => Promise<Result>,
  ): Promise<Result> {
    const tried = new Set<number>();
    let firstFailure: unknown = null;
    for (;;) {
      const at = await this.#next(tried);
      const source = at === null ? undefined : this.#sources[at];
      if (at === null || source === undefined) throw firstFailure;
      try {
        const result = await run(fragmentAt(source, index), tried.size > 0);
        this.#current = at;
        return result;
      } catch (thrown) {
        if (!isHostFailure(thrown)) throw thrown;
        firstFailure ??= thrown;
        tried.add(at);
      }
    }
  }

  /** Index of a source that was not tried; null = there is none. */
  async #next(tried: ReadonlySet<number>): Promise<number | null> {
    if (!tried.has(this.#current)) return this.#current;
    for (;;) {
      await this.#loading;
      const at = this.#sources.findIndex((_, index) => !tried.has(index));
      if (at !== -1) return at;
      if (this.#backups.length === 0) return null;
      await this.#loadOne();
    }
  }

  /** One at a time, as several fragments may need it. */
  #loadOne(): Promise<void> {
    this.#loading = this.#loading.then(async () => {
      const load = this.#backups.shift();
      if (load === undefined) return;
      try {
        const backup = await load();
        // another cut of the video has other fragments
        if (backup.fingerprint === this.#sources[0]?.fingerprint) this.#sources.push(backup);
      } catch (thrown) {
        if (!isHostFailure(thrown)) throw thrown;
      }
    });
    const loading = this.#loading;
    this.#loading = loading.catch(() => undefined);
    return loading;
  }
}
