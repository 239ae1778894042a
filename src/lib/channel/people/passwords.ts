/**
 * Hashes passwords with scrypt, `scrypt.N.r.p.SALT.HASH`. One at a time: each takes 32 MiB and 0.2 s, so that a flood of tries takes
 * neither the memory nor a second core.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../../protocol/error.ts';

/** Source: OWASP Password Storage Cheat Sheet, the first of its equal choices below 64 MiB. */
const PARAMETERS = { N: 2 ** 15, r: 8, p: 3 };
const MAX_BYTES = 64 * 1024 * 1024;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const SHAPE = /^scrypt\.(\d+)\.(\d+)\.(\d+)\.([\w-]+)\.([\w-]+)$/;

/** Of all: 3 s at most until the last one is answered. */
const MAX_WAITING = 16;
/** Of browsers in which the person has signed in before, beyond those: strangers must not keep them out. */
const MAX_WAITING_KNOWN = 4;
/** Of one owner (`channel/owner.ts`), so that one address does not take the whole queue. */
const MAX_WAITING_OF_OWNER = 4;

/** Of nobody: who has no password, or is not known, is answered as slowly as everybody else. */
const NOBODY = `scrypt.${PARAMETERS.N}.${PARAMETERS.r}.${PARAMETERS.p}.${'A'.repeat(22)}.${'A'.repeat(43)}`;

export class Passwords {
  #last: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Map<string, number>();
  #waitingOfAll = 0;

  /** @throws SluiceError `too_many_requests` */
  hash(password: string, owner: string): Promise<string> {
    return this.#oneAtATime(owner, MAX_WAITING, async () => {
      const salt = randomBytes(SALT_BYTES);
      const { N, r, p } = PARAMETERS;
      const hashed = await derive(password, salt, PARAMETERS);
      return ['scrypt', N, r, p, salt.toString('base64url'), hashed.toString('base64url')].join('.');
    });
  }

  /**
   * @param stored null = nobody has one: takes as long, and is false
   * @param browser as `SignInLimits.take`
   * @throws SluiceError `too_many_requests`
   */
  verify(
    password: string,
    stored: string | null,
    owner: string,
    browser: string | null = null,
  ): Promise<boolean> {
    const max = MAX_WAITING + (browser === null ? 0 : MAX_WAITING_KNOWN);
    return this.#oneAtATime(browser ?? owner, max, async () => {
      const [, N, r, p, salt = '', hashed = ''] = SHAPE.exec(stored ?? NOBODY) ?? SHAPE.exec(NOBODY) ?? [];
      const found = await derive(password, Buffer.from(salt, 'base64url'), {
        N: Number(N),
        r: Number(r),
        p: Number(p),
      });
      const expected = Buffer.from(hashed, 'base64url');
      return stored !== null && expected.length === found.length && timingSafeEqual(expected, found);
    });
  }

  async #oneAtATime<T>(owner: string, max: number, work: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(owner) ?? 0;
    if (this.#waitingOfAll >= max || waiting >= MAX_WAITING_OF_OWNER)
      throw new SluiceError('too_many_requests');
    this.#waiting.set(owner, waiting + 1);
    this.#waitingOfAll++;
    const running = this.#last.then(work);
    this.#last = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#waitingOfAll--;
      const left = (this.#waiting.get(owner) ?? 1) - 1;
      if (left > 0) this.#waiting.set(owner, left);
      else this.#waiting.delete(owner);
    }
  }
}

function derive(password: string, salt: Buffer, parameters: typeof PARAMETERS): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Two ways to type one letter are one (NIST SP 800-63B, section 3.1.1.2).
    scrypt(
      password.normalize('NFKC'),
      salt,
      HASH_BYTES,
      { ...parameters, maxmem: MAX_BYTES },
      (error, hashed) => (error === null ? resolve(hashed) : reject(error)),
    );
  });
}
