/**
 * Counts what visitors use, and refuses what is too much. Asked before anything is done for them. Pure: the time comes
 * from outside.
 */
import { SluiceError } from '../protocol/error.ts';
import { Account, Accounts } from './accounts.ts';
import type { Rate } from './bucket.ts';
import { HELD, type HeldKind, type HeldLimits, MAX_ACCOUNTS, type RateKind, RATES } from './limits.ts';

/** The owner of what is used on this machine itself: not limited, but by list. */
export const LOCAL = 'local';

/** The owner of lists of which nobody knows who began them: one stranger, all of them together. */
export const UNKNOWN = 'unknown';

export interface QuotaKey {
  owner: string;
  /** A session's id; null = none yet. */
  list: string | null;
}

export interface QuotaRefusal {
  code: 'too_many_requests';
  /** Until the same can succeed, ms, at least 1. */
  retryAfterMs: number;
}

interface QuotaOptions {
  /** ms of a monotonic clock. */
  now: () => number;
  rates?: Record<RateKind, Rate>;
  held?: Record<HeldKind, HeldLimits>;
  maxAccounts?: number;
}

export class Quota {
  readonly #now: () => number;
  readonly #rates: Record<RateKind, Rate>;
  readonly #limits: Record<HeldKind, HeldLimits>;
  readonly #owners: Accounts;
  readonly #lists: Accounts;
  readonly #strangers: Account;

  constructor({ now, rates = RATES, held = HELD, maxAccounts = MAX_ACCOUNTS }: QuotaOptions) {
    this.#now = now;
    this.#rates = rates;
    this.#limits = held;
    this.#owners = new Accounts(maxAccounts);
    this.#lists = new Accounts(maxAccounts);
    this.#strangers = new Account();
  }

  /** Owners and lists that are remembered. */
  get size(): number {
    return this.#owners.size + this.#lists.size;
  }

  /**
   * Uses something up. What is refused takes nothing.
   * @param amount more than a whole burst is taken from a full bucket
   * @param rate of this owner, always the same until it is changed
   */
  take(kind: RateKind, { owner }: QuotaKey, amount = 1, rate: Rate = this.#rates[kind]): QuotaRefusal | null {
    if (owner === LOCAL) return null;
    const now = this.#now();
    const waitMs = this.#owners.of(owner).bucket(kind, rate, now).take(amount, now);
    return waitMs === 0 ? null : refusal(waitMs);
  }

  /** Uses something up although it is too much. @returns ms until no more is owed; 0 = nothing is */
  charge(kind: RateKind, { owner }: QuotaKey, amount = 1): number {
    const now = this.#now();
    if (owner === LOCAL) return 0;
    return this.#owners.of(owner).bucket(kind, this.#rates[kind], now).charge(amount, now);
  }

  /** What an owner has used of what may be used at once. */
  used(kind: RateKind, owner: string, rate: Rate): number {
    const now = this.#now();
    return Math.ceil(this.#owners.of(owner).bucket(kind, rate, now).used(now));
  }

  /** Takes one of a limited number. @returns gives it back, may be called again; or why there is none */
  hold(kind: HeldKind, { owner, list }: QuotaKey): (() => void) | QuotaRefusal {
    const limits = this.#limits[kind];
    const accounts: Account[] = [];
    const levels: [limit: number | undefined, account: () => Account][] = [
      [list === null ? undefined : limits.list, () => this.#lists.of(list ?? '')],
      [owner === LOCAL ? undefined : limits.owner, () => this.#owners.of(owner)],
      [owner === LOCAL ? undefined : limits.strangers, () => this.#strangers],
    ];
    for (const [limit, find] of levels) {
      if (limit === undefined) continue;
      const account = find();
      if (account.held(kind) >= limit) return refusal(limits.retryAfterMs);
      accounts.push(account);
    }
    for (const account of accounts) account.add(kind, 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      for (const account of accounts) account.add(kind, -1);
    };
  }
}

/** @throws SluiceError `too_many_requests` for a refusal */
export function orThrow<T extends (() => void) | null>(answer: T | QuotaRefusal): T {
  if (answer === null || typeof answer === 'function') return answer;
  throw new SluiceError(answer.code, undefined, { retryAfterMs: answer.retryAfterMs });
}

function refusal(retryAfterMs: number): QuotaRefusal {
  return { code: 'too_many_requests', retryAfterMs };
}
