/**
 * The cookies of one job (RFC 6265: domains, paths, Secure and public suffixes by tough-cookie). They are kept in its work dir,
 * readable by us alone, and never given to another job.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CookieJar } from 'tough-cookie';

const FILE = 'cookies.json';
/** In all. A browser keeps 180 cookies of a site; a job needs a few. */
const MAX_COOKIES = 200;
/** As browsers do. */
const MAX_COOKIE_CHARS = 4096;

export class Cookies {
  #path: string | null;
  #jar: CookieJar | null = null;
  /** Null = nothing is being saved. */
  #saving: Promise<void> | null = null;
  /** Something came since the last save began. */
  #isChanged = false;

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
  async adopt(found: Cookies): Promise<void> {
    const jar = found.#jar;
    if (jar === null || found === this || this.#jar !== null) return;
    this.#jar = await jar.clone();
    this.#saveSoon(this.#jar);
  }

  /** Resolves when all that was received is saved, or cannot be. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  /** As `saved`; what comes later is not: the work dir may soon be another job's. */
  detach(): Promise<void> {
    this.#path = null;
    return this.saved();
  }

  /** The Cookie field for a request; null = none. */
  headerFor(url: URL): string | null {
    return this.#jar?.getCookieStringSync(url.href) || null;
  }

  /**
   * Does not wait until they are saved.
   * @param fields values of Set-Cookie; what is invalid, or for another site, is ignored
   */
  async receive(url: URL, fields: readonly string[]): Promise<void> {
    // More would only replace one another, at 20 µs each.
    const valid = fields.filter((field) => field.length <= MAX_COOKIE_CHARS).slice(0, MAX_COOKIES);
    if (valid.length === 0) return;
    const { CookieJar } = await import('tough-cookie');
    this.#jar ??= new CookieJar(undefined, { looseMode: true });
    let count = countOf(this.#jar);
    for (const field of valid) count = setWithinLimit(this.#jar, field, url.href, count);
    this.#saveSoon(this.#jar);
  }

  #saveSoon(jar: CookieJar): void {
    if (this.#path === null) return;
    this.#isChanged = true;
    this.#saving ??= this.#save(this.#path, jar);
  }

  /** A jar that cannot be saved only costs a login after a restart. */
  async #save(path: string, jar: CookieJar): Promise<void> {
    while (this.#isChanged) {
      this.#isChanged = false;
      await writeFile(path, JSON.stringify(jar.serializeSync()), { mode: 0o600 }).catch(() => {});
    }
    this.#saving = null;
  }
}

/**
 * In a full jar a cookie may only replace the one of its domain, path and name.
 * @param before how many there are @returns how many there are now
 */
function setWithinLimit(jar: CookieJar, field: string, url: string, before: number): number {
  const cookie = jar.setCookieSync(field, url, { ignoreError: true });
  const count = countOf(jar);
  if (count <= Math.max(before, MAX_COOKIES) || !cookie) return count;
  jar.store.removeCookie(cookie.domain, cookie.path, cookie.key, () => {});
  return count - 1;
}

function countOf({ store }: CookieJar): number {
  let count = 0;
  // At once: the store is in memory.
  store.getAllCookies((_, cookies) => {
    count = cookies?.length ?? 0;
  });
  return count;
}
