/**
 * The cookies of one job (RFC 6265: domains, paths, Secure and public suffixes by tough-cookie). They are kept in its work dir,
 * readable by us alone, and never given to another job.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CookieJar } from 'tough-cookie';

const FILE = 'cookies.json';
/** Names in all. A browser keeps 180 cookies of a site; a job needs a few. */
const MAX_NAMES = 200;
/** As browsers do. */
const MAX_COOKIE_CHARS = 4096;

export class Cookies {
  #path: string | null;
  #jar: CookieJar | null = null;
  readonly #names = new Set<string>();
  #saving: Promise<void> = Promise.resolve();

  /** @param workDir null = they are not kept */
  constructor(workDir: string | null) {
    this.#path = workDir === null ? null : join(workDir, FILE);
  }

  /** With those of earlier attempts; damaged ones do not count. */
  static async load(workDir: string): Promise<Cookies> {
    const cookies = new Cookies(workDir);
    const text = await readFile(join(workDir, FILE), 'utf8').catch(() => null);
    if (text === null) return cookies;
    const { CookieJar } = await import('tough-cookie');
    try {
      cookies.#jar = CookieJar.deserializeSync(text);
    } catch {
      cookies.#jar = null;
    }
    return cookies;
  }

  get isEmpty(): boolean {
    return this.#jar === null;
  }

  /** Those of a look-up of the same session at an address that this job has, if there are none yet. */
  async adopt(looked: Cookies): Promise<void> {
    const jar = looked.#jar;
    if (jar === null || looked === this || this.#jar !== null) return;
    this.#jar = await jar.clone();
    await this.#save(this.#jar);
  }

  /** Nothing is written any more: the work dir may soon be another job's. */
  detach(): Promise<void> {
    this.#path = null;
    return this.#saving;
  }

  /** The Cookie field for a request; null = none. */
  headerFor(url: URL): string | null {
    return this.#jar?.getCookieStringSync(url.href) || null;
  }

  /** @param fields values of Set-Cookie; what is invalid, or for another site, is ignored */
  async receive(url: URL, fields: readonly string[]): Promise<void> {
    const valid = fields.filter((field) => field.length <= MAX_COOKIE_CHARS && this.#mayKeep(field));
    if (valid.length === 0) return;
    const { CookieJar } = await import('tough-cookie');
    this.#jar ??= new CookieJar(undefined, { looseMode: true });
    for (const field of valid) this.#jar.setCookieSync(field, url.href, { ignoreError: true });
    await this.#save(this.#jar);
  }

  #mayKeep(field: string): boolean {
    const name = field.split('=', 1)[0]?.trim() ?? '';
    if (this.#names.size < MAX_NAMES) this.#names.add(name);
    return this.#names.has(name);
  }

  /** A jar that cannot be saved only costs a login after a restart. */
  async #save(jar: CookieJar): Promise<void> {
    const path = this.#path;
    if (path === null) return;
    this.#saving = this.#saving
      .then(async () => {
        await writeFile(path, JSON.stringify(jar.serializeSync()), { mode: 0o600 });
        await chmod(path, 0o600);
      })
      .catch(() => {});
    await this.#saving;
  }
}
