/** `ctx`: what an object gets of the host, and nothing else. */
import { SluiceError } from '../../protocol/error.ts';
import { ActorStorage } from './actor-storage.ts';
import type { Life } from './life.ts';
import { LIMITS } from './limits.ts';
import { socketOf } from './sockets.ts';
import type { DurableContext, DurableId, DurableSocket, DurableStorage, WireSocket } from './types.ts';

export class ActorId implements DurableId {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  toString(): string {
    return this.name;
  }
}

export class Context implements DurableContext {
  readonly id: DurableId;
  readonly storage: DurableStorage;
  readonly #life: Life;

  constructor(life: Life) {
    this.#life = life;
    this.id = new ActorId(life.actor.name.id);
    this.storage = new ActorStorage(life);
  }

  acceptWebSocket(socket: unknown, tags: string[] = []): void {
    this.#life.assertAlive();
    this.#life.actor.connect(socket as WireSocket, { tags });
  }

  getWebSockets(tag?: string): DurableSocket[] {
    const life = this.#life;
    if (!life.isAlive) return [];
    return life.actor.sockets
      .filter((socket) => socket.readyState === 1 && (tag === undefined || socket.tags.includes(tag)))
      .map((socket) => socket.view(life));
  }

  getTags(socket: DurableSocket): string[] {
    return [...(socketOf(socket)?.tags ?? [])];
  }

  blockConcurrencyWhile<T>(callback: () => Promise<T>): Promise<T> {
    const held = this.#hold(callback);
    // The reset has told of it: a constructor cannot wait for it, and what nobody hears would end the process.
    held.catch(() => undefined);
    return held;
  }

  async #hold<T>(callback: () => Promise<T>): Promise<T> {
    const life = this.#life;
    const { clock } = life.actor.loop;
    life.assertAlive();
    life.hold('block');
    const timer = clock.setTimeout(() => {
      const held = `blockConcurrencyWhile took longer than ${LIMITS.blockMs} ms.`;
      life.actor.reset(new SluiceError('internal_error', held), life);
    }, LIMITS.blockMs);
    try {
      return await callback();
    } catch (error) {
      life.actor.reset(error, life);
      throw error;
    } finally {
      clock.clearTimeout(timer);
      life.release('block');
    }
  }

  waitUntil(promise: Promise<unknown>): void {
    const life = this.#life;
    life.waits += 1;
    const done = (): void => {
      life.waits -= 1;
      life.actor.rest(life);
    };
    promise.then(done, (error: unknown) => {
      life.actor.loop.report(error, life.actor.name);
      done();
    });
  }

  abort(reason = 'The object ended itself.'): void {
    this.#life.actor.reset(new SluiceError('internal_error', reason), this.#life);
  }
}
