/**
 * Holds the live XState actors of a session: the session machine and, under it, a download machine for each
 * download that has a slot. Effects of the machines become plain calls.
 */
import { type ActorRefFrom, type AnyActorRef, createActor, type SnapshotFrom } from 'xstate';
import type { Sample } from '../../protocol/progress.ts';
import { authorityOf } from '../../protocol/unreachable.ts';
import type { Clock } from '../durable/clock.ts';
import type { DownloadEvent } from '../download/events.ts';
import type { downloadMachine } from '../download/machine.ts';
import type { DownloadRow } from '../download/row.ts';
import { type SessionEffects, type SessionInput, sessionMachine } from './machine.ts';
import { RestartIntensity } from './restarts.ts';

type DownloadActor = ActorRefFrom<typeof downloadMachine>;

export class SupervisedDownload {
  readonly #actor: DownloadActor;
  /** Of its address, as `authorityOf`. */
  readonly host: string | null;
  /** The row as it was last stored, apart from progress. */
  saved: DownloadRow;
  /** The newest sample of the current interval. */
  newest: Sample | null = null;

  constructor(actor: DownloadActor, saved: DownloadRow) {
    this.#actor = actor;
    this.host = authorityOf(saved.url);
    this.saved = saved;
  }

  get snapshot(): SnapshotFrom<typeof downloadMachine> {
    return this.#actor.getSnapshot();
  }

  get row(): DownloadRow {
    return this.snapshot.context.row;
  }

  /** Whether samples are held back until the interval ends. */
  get throttled(): boolean {
    return this.snapshot.matches({ download: 'throttle' });
  }

  /** The runner has, or gets, a job for it. */
  get hasJob(): boolean {
    const { snapshot } = this;
    return (
      this.isSaving ||
      snapshot.matches({ queued: 'asked' }) ||
      snapshot.matches({ queued: 'limited' }) ||
      this.hasGivenWay ||
      snapshot.matches('parse') ||
      snapshot.matches('download') ||
      snapshot.matches({ finish: 'work' })
    );
  }

  /** It runs, and lets others go first. */
  get isSlow(): boolean {
    return this.snapshot.context.isSlow;
  }

  /** It waits in the runner, as it was too slow while others waited. */
  get hasGivenWay(): boolean {
    return this.snapshot.matches({ queued: 'gaveWay' });
  }

  /** Its file is being synced, which takes no slot. */
  get isSaving(): boolean {
    return this.snapshot.matches({ finish: 'saving' });
  }

  can(event: DownloadEvent): boolean {
    return this.snapshot.can(event);
  }

  send(event: DownloadEvent): void {
    this.#actor.send(event);
  }
}

export class Supervisor {
  readonly #session: ActorRefFrom<typeof sessionMachine>;
  readonly #children = new Map<string, SupervisedDownload>();
  /** Of its children, in the last minute. */
  readonly crashes = new RestartIntensity();

  /**
   * @param childCrashed called with the last stored row
   * @param started called with the session's actor when it is created
   */
  constructor(
    effects: Omit<SessionEffects, 'childCrashed'>,
    childCrashed: (row: DownloadRow, error: unknown) => void,
    clock: Clock,
    throttleMs: number,
    started: (root: AnyActorRef) => void,
  ) {
    const input: SessionInput = {
      throttleMs,
      effects: {
        ...effects,
        childCrashed: (id, error) => {
          const child = this.#children.get(id);
          this.#children.delete(id);
          if (child) childCrashed(child.saved, error);
        },
      },
    };
    this.#session = createActor(sessionMachine, { input, clock: clock as never }).start();
    started(this.#session);
  }

  get children(): ReadonlyMap<string, SupervisedDownload> {
    return this.#children;
  }

  /** Spawns the actor of a stored row, or returns the existing one (spawning twice would overwrite it). */
  revive(row: DownloadRow): SupervisedDownload {
    const living = this.#children.get(row.id);
    if (living) return living;
    this.#session.send({ type: 'spawn', row });
    const actor = this.#session.getSnapshot().children[row.id] as DownloadActor;
    const child = new SupervisedDownload(actor, row);
    this.#children.set(row.id, child);
    return child;
  }

  stop(id: string): void {
    if (!this.#children.delete(id)) return;
    this.#session.send({ type: 'stop', id });
  }

  /** Stops all of them, and the timer of the throttle interval. */
  end(): void {
    this.#session.stop();
  }

  /** Opens the throttle interval, or keeps it open. */
  openThrottle(): void {
    // Called with each sample: while the throttle is open the event would change nothing.
    if (this.#session.getSnapshot().value === 'idle') this.#session.send({ type: 'openThrottle' });
  }

  closeThrottle(): void {
    this.#session.send({ type: 'closeThrottle' });
  }
}
