/** The quota as the edge asks it: for requests, sockets and new sessions, by the owner of their connection. */
import { MESSAGE_BYTES, PAGE_REQUESTS } from '../quota/limits.ts';
import { orThrow, type Quota, type QuotaKey } from '../quota/quota.ts';
import type { ListOwners } from './list-owners.ts';
import type { Owners, Peer } from './owner.ts';

export interface HeldSocket {
  release(): void;
  /** @returns ms to wait before the next message is read; 0 = none */
  waitAfterMessage(bytes: number): number;
}

export class Visitors {
  readonly #quota: Quota;
  readonly #owners: Owners;
  readonly #listOwners: ListOwners;

  constructor(quota: Quota, owners: Owners, listOwners: ListOwners) {
    this.#quota = quota;
    this.#owners = owners;
    this.#listOwners = listOwners;
  }

  ownerOf(peer: Peer): string {
    return this.#owners.of(peer);
  }

  /**
   * Counts a request.
   * @throws SluiceError `too_many_requests`
   */
  request(peer: Peer, isPage: boolean): void {
    const key = { owner: this.ownerOf(peer), list: null };
    orThrow(this.#quota.take('request', key, isPage ? PAGE_REQUESTS : 1));
  }

  /**
   * Counts a new session: only those that no cookie or token names.
   * @throws SluiceError `too_many_requests`
   */
  newSession(owner: string): void {
    orThrow(this.#quota.take('session', { owner, list: null }));
  }

  /** Notes who uses a list: the first to write to it owns it. */
  use(peer: Peer, list: string): void {
    this.#listOwners.record(list, this.ownerOf(peer));
  }

  /** Counts an open socket of a list, and notes who uses it as long as it is open; null = too many are open. */
  listSocket(peer: Peer, list: string): HeldSocket | null {
    const owner = this.ownerOf(peer);
    const held = this.socket('socket', { owner, list });
    if (held === null) return null;
    const forget = this.#listOwners.hold(list, owner);
    return {
      ...held,
      release: () => {
        held.release();
        forget();
      },
    };
  }

  /** Counts an open socket and its messages; null = too many are open. */
  socket(kind: 'socket' | 'inspector', key: QuotaKey): HeldSocket | null {
    const release = this.#quota.hold(kind, key);
    if (typeof release !== 'function') return null;
    return {
      release,
      waitAfterMessage: (bytes) => this.#quota.charge('message', key, Math.ceil((bytes + 1) / MESSAGE_BYTES)),
    };
  }
}
