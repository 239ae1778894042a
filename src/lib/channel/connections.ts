/**
 * Limits connections before their first request. A visitor's are counted by address, and those of all visitors together,
 * below what the process has descriptors for. Beyond that a few are accepted on trial: their first request has to be a health
 * check, or has to name a session. Connections of this machine are not counted.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { SluiceError } from '../protocol/error.ts';
import { paths } from '../protocol/paths.ts';
import { LOCAL, type Quota } from '../quota/quota.ts';
import { withoutQuery } from './api.ts';
import { claimsOf } from './credentials.ts';
import { credentialsFromNodeHeaders } from './headers.ts';
import type { Owners } from './owner.ts';
import type { Tokens } from './token.ts';

interface Counted {
  isOnTrial: boolean;
  /** The first head has come. */
  headArrived: () => void;
}

export class Connections {
  readonly #quota: Quota;
  readonly #owners: Owners;
  readonly #tokens: Tokens;
  readonly #counted = new WeakMap<Socket, Counted>();

  constructor(quota: Quota, owners: Owners, tokens: Tokens) {
    this.#quota = quota;
    this.#owners = owners;
    this.#tokens = tokens;
  }

  /** Counts a new connection, or ends it at once: an answer would cost more than it is worth. */
  opened(socket: Socket): void {
    const owner = this.#owners.ofConnection(socket);
    if (owner === LOCAL) return;
    const key = { owner, list: null };
    const quota = this.#quota;
    if (quota.take('connection', key) !== null) return end(socket);
    const head = quota.hold('head', key);
    if (typeof head !== 'function') return end(socket);
    socket.once('close', head);
    const counted = quota.hold('connection', key);
    const held = typeof counted === 'function' ? counted : quota.hold('reserved', key);
    if (typeof held !== 'function') return end(socket);
    socket.once('close', held);
    this.#counted.set(socket, { isOnTrial: held !== counted, headArrived: head });
  }

  /**
   * Call with each request.
   * @throws SluiceError `too_many_requests`: the connection is one too many, and has to be closed
   */
  check(request: IncomingMessage): void {
    const counted = this.#counted.get(request.socket);
    if (counted === undefined) return;
    counted.headArrived();
    if (counted.isOnTrial && !this.#isReservedFor(request)) throw new SluiceError('too_many_requests');
  }

  #isReservedFor({ url = '', headers }: IncomingMessage): boolean {
    const path = withoutQuery(url);
    if (path === paths.health || path === paths.ready) return true;
    try {
      // Whichever name its cookie has.
      return claimsOf(this.#tokens, { ...credentialsFromNodeHeaders(headers), isSecure: true }) !== null;
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.code === 'two_sessions') return true;
      throw thrown;
    }
  }
}

/** With a reset: a connection that is closed in order is kept in memory for minutes. */
function end(socket: Socket): void {
  socket.on('error', () => undefined).resetAndDestroy();
}
