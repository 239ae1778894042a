import type { ActorEvent } from './events.ts';
import type { Observers } from './observe.ts';
import type { ActorName } from './store.ts';

/** The life that a turn is part of. */
interface TurnLife {
  readonly actor: {
    readonly name: ActorName;
    readonly loop: { readonly observers: Observers };
    readonly mailbox: { readonly size: number };
  };
  giveUp(turn: Turn): boolean;
}

/** One event being handled. It ends with its handler, or is given up when that waits for something else. */
export class Turn {
  readonly life: TurnLife;
  readonly event: ActorEvent;
  /** ms, monotonic; null when nobody watched. */
  readonly startedAt: number | null;
  /** Taken back: its outputs are void. */
  isVoid = false;

  constructor(life: TurnLife, event: ActorEvent) {
    this.life = life;
    this.event = event;
    this.startedAt = life.actor.loop.observers.isWatched ? performance.now() : null;
  }

  /**
   * Called when all microtasks have run: a handler that has not settled waits for something else than storage.
   * False when it may still be the only one to run.
   */
  giveUp(): boolean {
    return this.life.giveUp(this);
  }

  tell(outcome: 'done' | 'given-up' | 'refused' | 'reset'): void {
    const { actor } = this.life;
    const { observers } = actor.loop;
    if (!observers.isWatched) return;
    observers.tell({
      type: 'turn',
      actor: actor.name,
      event: this.event.type,
      socket: 'socket' in this.event ? this.event.socket : null,
      method: this.event.type === 'call' ? this.event.method : null,
      outcome,
      durationMs: this.startedAt === null ? 0 : performance.now() - this.startedAt,
      queued: actor.mailbox.size,
    });
  }
}
