/**
 * Limits tries to sign in: by the address they come from, and by name. Who has signed in under a name with a browser, or from an
 * address, keeps a limit of their own there, so that strangers who guess do not keep them out.
 */
import { dropOldest } from '../../protocol/drop-oldest.ts';
import { SluiceError } from '../../protocol/error.ts';
import { nameKey } from '../../protocol/people.ts';
import { Bucket } from '../../quota/bucket.ts';
import { orThrow, type Quota } from '../../quota/quota.ts';

/** 1,450 tries a day under one name: 10^5 years for the weakest password that is accepted, if it is random letters. */
const OF_NAME = { burst: 10, perSecond: 1 / 60 };
/** 200 bytes each. */
const MAX_REMEMBERED = 10_000;

export class SignInLimits {
  readonly #quota: Pick<Quota, 'take' | 'charge'>;
  readonly #now: () => number;
  /** The one tried longest ago first. */
  readonly #byName = new Map<string, Bucket>();
  readonly #known = new Map<string, true>();

  /** @param now ms of a monotonic clock */
  constructor(quota: Pick<Quota, 'take' | 'charge'>, now: () => number = () => performance.now()) {
    this.#quota = quota;
    this.#now = now;
  }

  /**
   * Counts a try before anything is done for it.
   * @param browser in which that name has signed in before (`KnownBrowsers`): its tries count by themselves; null = none such
   * @returns to be called when it was right: it is not counted
   * @throws SluiceError `too_many_requests`
   */
  take(owner: string, name: string, browser: string | null = null): () => void {
    const known = knownKey(owner, name);
    if (browser !== null) return this.#take(`\0${browser}`, owner, name);
    const ofOwner = this.takeOf(owner);
    const wasRight = this.#take(this.#known.has(known) ? known : nameKey(name), owner, name);
    return () => {
      ofOwner();
      wasRight();
    };
  }

  #take(key: string, owner: string, name: string): () => void {
    const bucket = this.#bucket(key);
    const waitMs = bucket.take(1, this.#now());
    if (waitMs > 0) throw new SluiceError('too_many_requests', undefined, { retryAfterMs: waitMs });
    return () => {
      bucket.charge(-1, this.#now());
      this.signedIn(owner, name);
    };
  }

  /** As `take`, where no name is tried. */
  takeOf(owner: string): () => void {
    const key = { owner, list: null };
    orThrow(this.#quota.take('sign-in', key));
    return () => void this.#quota.charge('sign-in', key, -1);
  }

  /** From there on tries under that name have a limit of their own. */
  signedIn(owner: string, name: string): void {
    remember(this.#known, knownKey(owner, name), true);
  }

  #bucket(key: string): Bucket {
    const bucket = this.#byName.get(key) ?? new Bucket(OF_NAME, this.#now());
    remember(this.#byName, key, bucket);
    return bucket;
  }
}

function knownKey(owner: string, name: string): string {
  return `${nameKey(name)}\0${owner}`;
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  dropOldest(map, MAX_REMEMBERED);
}
