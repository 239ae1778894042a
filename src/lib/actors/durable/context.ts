/** `ctx`: an object's only access to its host. */
import { SluiceError } from '../../protocol/error.ts';
import type { Activation } from './activation.ts';
import { ActorStorage } from './actor-storage.ts';
import type { DurableContext, DurableId, DurableSocket, DurableStorage } from './types.ts';

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
  readonly #activation: Activation;

  constructor(activation: Activation) {
    this.#activation = activation;
    this.id = new ActorId(activation.actor.name.id);
    this.storage = new ActorStorage(activation);
  }

  getWebSockets(): DurableSocket[] {
    const activation = this.#activation;
    if (!activation.isAlive) return [];
    const open = activation.actor.sockets.filter(({ readyState }) => readyState === 1);
    return open.map((socket) => socket.view(activation));
  }

  waitUntil(promise: Promise<unknown>): void {
    const { actor } = this.#activation;
    const done = this.#activation.wait();
    promise.then(done, (error: unknown) => {
      if (!this.#activation.isForOneAnswer) actor.scheduler.report(error, actor.name);
      done();
    });
  }

  abort(reason = 'The object ended itself.'): void {
    this.#activation.abort(new SluiceError('internal_error', reason));
  }
}
