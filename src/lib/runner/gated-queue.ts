/**
 * The queue for slots behind two gates. While that of the download folder is closed nobody queues, and all are refused. What
 * its host has no connection for stays in the queue, and others go first.
 */
import type { ExtraConnection } from '../annie/engine.ts';
import type { SluiceError } from '../protocol/error.ts';
import { type RunnerClock, startTimer, systemRunnerClock } from './clock.ts';
import { FairQueue, type RequiredSlot, type QueueTicket } from './fair-queue.ts';
import { SlowDownloads, type MeasuredDownload } from './slow-downloads.ts';
import type { FolderGate } from './folder-gate.ts';
import { HostLimits, type HostUse, type RefusalMeaning } from './host-limits.ts';

/** How long a refused download waits to see whether the others that have just begun are served. */
const UNCLEAR_MS = 2_000;
/**
 * For so long no other of its session gives way to a download that has given way. Where all of a list are slow, each keeps its
 * connection that long, and loses less than a tenth of it to connecting.
 */
const HOLD_MS = 600_000;

export interface SlotTicket {
  /** As `authorityOf`; null = none. */
  readonly host: string | null;
  /** null = its answer is awaited at the gate. */
  place: QueueTicket | null;
  isReleased: boolean;
  /** null = it has no slot yet. Kept when it is released. */
  use: HostUse | null;
  endWatch: () => void;
}

/** What an attempt has of the queue. */
export interface QueuePlace {
  /** Gives the slot back; called at least once. */
  release: () => void;
  /** Bytes of the file came. */
  received: () => void;
  /** From now on it gives its slot up while it is too slow and another could have it. */
  watch: (download: Pick<MeasuredDownload, 'receivedBytes' | 'giveWay' | 'onSlow'>) => void;
  /** As in `EngineJob`. */
  openExtra: () => ExtraConnection | null;
}

export interface QueueSlots {
  all: number;
  /** Absent = as many. */
  ofSession?: number;
}

export interface SlotRequest {
  /** As `authorityOf`; null = none that is known. */
  host?: string | null;
  /** Of the session; absent = of nobody that is known. */
  owner?: string | undefined;
  /** Slots that the owner may hold; absent = all. */
  ofOwner?: number | undefined;
  /** It has just given its slot up. */
  gaveWay?: boolean;
  /** Called once there is a slot. */
  begin: () => void;
  /** Called instead when the folder is not in order; the ticket is released. */
  refuse: (reason: SluiceError) => void;
  /** Called when it waits for a connection to its host. @param connections that the host allows */
  onHeld?: (connections: number) => void;
}

interface Waiting {
  request: SlotRequest;
  /** As last passed to `onHeld`. */
  held: number | null;
}

export class GatedQueue {
  readonly #queue: FairQueue;
  readonly #slowDownloads: SlowDownloads;
  readonly #isAway: (host: string) => boolean;
  readonly #gate: FolderGate;
  readonly #clock: RunnerClock;
  readonly #limits: HostLimits;
  /** Who waits in the queue, by host. */
  readonly #waiting = new Map<string, Map<SlotTicket, Waiting>>();
  /** Of hosts for which somebody waits: until a connection more is tried. */
  readonly #timers = new Map<string, () => void>();
  /** Of refused downloads whose meaning is not clear yet. */
  readonly #unclear = new Set<(isOver: boolean) => void>();

  /** @param isAway whether a job for this host would be refused */
  constructor(
    slots: QueueSlots,
    gate: FolderGate,
    clock: RunnerClock = systemRunnerClock,
    isAway: (host: string) => boolean = () => false,
  ) {
    this.#queue = new FairQueue(slots.all, slots.ofSession);
    this.#slowDownloads = new SlowDownloads(clock);
    this.#gate = gate;
    this.#clock = clock;
    this.#isAway = isAway;
    this.#limits = new HostLimits({ now: () => clock.now(), onChange: (host) => this.#onChange(host) });
  }

  /** Neither `begin`, `refuse` nor `onHeld` is called before this returns. Every ticket is to be released. */
  enqueue(session: string, request: SlotRequest): SlotTicket {
    const { begin, refuse } = request;
    const ticket: SlotTicket = {
      ...{ host: request.host ?? null, place: null, isReleased: false, use: null },
      endWatch: () => undefined,
    };
    const refuseNow = (reason: SluiceError): void => {
      this.release(ticket);
      refuse(reason);
    };
    const until = this.#clock.now() + HOLD_MS;
    const gaveWay = request.gaveWay === true ? { isRecent: () => this.#clock.now() < until } : null;
    const queue = (): void => {
      const beginNow = (): void => {
        // It may have closed while this one waited for its slot.
        const { reason } = this.#gate;
        if (reason === null) begin();
        else refuseNow(reason);
      };
      const other = this.#hostSlot(ticket, request);
      const { owner, ofOwner } = request;
      ticket.place = this.#queue.enqueue(session, beginNow, { owner, ofOwner, other, gaveWay });
      if (ticket.host !== null) this.#reviewSoon(ticket.host);
    };
    if (this.#gate.reason === null) queue();
    else {
      void this.#gate.inspect().then((reason) => {
        if (ticket.isReleased) return;
        if (reason === null) queue();
        else refuseNow(reason);
      });
    }
    return ticket;
  }

  /** Gives the slot back, or leaves the queue. Idempotent. */
  release(ticket: SlotTicket): void {
    ticket.isReleased = true;
    this.#leave(ticket);
    if (ticket.use !== null) this.#limits.end(ticket.use);
    if (ticket.place !== null) this.#queue.release(ticket.place);
    // The slot is another's by now.
    ticket.endWatch();
  }

  holdsSlot(session: string): boolean {
    return this.#queue.holdsSlot(session);
  }

  /** For the attempt that begins with this ticket. */
  placeOf(ticket: SlotTicket, download: string): QueuePlace {
    return {
      release: () => this.release(ticket),
      received: () => void (ticket.use !== null && this.#limits.received(ticket.use)),
      watch: (measured) => this.#watch(ticket, measured),
      openExtra: () => this.#openExtra(ticket, download),
    };
  }

  #watch(ticket: SlotTicket, measured: Parameters<QueuePlace['watch']>[0]): void {
    const { place } = ticket;
    if (place === null || ticket.isReleased) return;
    ticket.endWatch = this.#slowDownloads.watch({
      ...measured,
      slots: () => this.#queue.slotsOf(place),
      isSlotWanted: () => this.#gate.reason === null && this.#queue.isSlotWanted(place),
    });
  }

  #openExtra({ use }: SlotTicket, download: string): ExtraConnection | null {
    if (use === null) return null;
    // Those who have none go first.
    const isLimited = this.#limits.limitOf(use.host) !== null;
    if (isLimited && this.#waiting.has(use.host)) return null;
    return this.#limits.openExtra(use, download);
  }

  /**
   * What it means that the server refused this download, whose ticket is released: whether it waits for a connection.
   * @param isForGood it would not be tried again
   */
  async isLimited(ticket: SlotTicket, download: string, isForGood = false): Promise<boolean> {
    const { use } = ticket;
    if (use === null) return false;
    let meaning: RefusalMeaning = this.#limits.refused(use, download, { isForGood });
    const until = this.#clock.now() + UNCLEAR_MS;
    while (meaning === 'unclear') {
      const isOver = await this.#untilChanged(until - this.#clock.now());
      meaning = this.#limits.refused(use, download, { isFinal: isOver, isForGood });
    }
    return meaning === 'limited';
  }

  close(): void {
    this.#slowDownloads.close();
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
    for (const end of [...this.#unclear]) end(true);
  }

  #hostSlot(ticket: SlotTicket, request: SlotRequest): RequiredSlot | null {
    const { host } = ticket;
    if (host === null) return null;
    const waiting = this.#waiting.get(host) ?? new Map<SlotTicket, Waiting>();
    this.#waiting.set(host, waiting);
    waiting.set(ticket, { request, held: null });
    return {
      isFree: () => !this.#limits.isFull(host),
      isUseful: () => !this.#isAway(host),
      take: () => {
        this.#leave(ticket);
        ticket.use = this.#limits.begin(host);
        this.#reviewSoon(host);
      },
    };
  }

  #leave(ticket: SlotTicket): void {
    if (ticket.host === null) return;
    const waiting = this.#waiting.get(ticket.host);
    if (waiting?.delete(ticket) === true && waiting.size === 0) this.#waiting.delete(ticket.host);
  }

  #onChange(host: string): void {
    for (const end of [...this.#unclear]) end(false);
    this.#queue.fillSlots();
    this.#reviewSoon(host);
  }

  #reviewSoon(host: string): void {
    if (this.#waiting.has(host)) queueMicrotask(() => this.#review(host));
  }

  /** Notifies downloads that wait for a connection, and takes back what others have beyond their first. */
  #review(host: string): void {
    this.#timers.get(host)?.();
    this.#timers.delete(host);
    const waiting = this.#waiting.get(host);
    const connections = this.#limits.limitOf(host);
    if (waiting === undefined) return;
    // What kept them may have ended since the slots were filled: a timer can come a moment early.
    if (connections === null || !this.#limits.isFull(host)) return this.#queue.fillSlots();
    this.#limits.yieldExtras(host, waiting.size);
    const waitMs = Math.max(0, (this.#limits.raiseAt(host) ?? Infinity) - this.#clock.now());
    this.#timers.set(
      host,
      startTimer(this.#clock, waitMs, () => this.#onChange(host)),
    );
    for (const each of waiting.values()) {
      if (each.held === connections) continue;
      each.held = connections;
      each.request.onHeld?.(connections);
    }
  }

  /** Resolves with true when the wait is over. */
  #untilChanged(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isOver: boolean): void => {
        stopTimer();
        this.#unclear.delete(end);
        resolve(isOver);
      };
      const stopTimer = startTimer(this.#clock, Math.max(0, timeoutMs), () => end(true));
      this.#unclear.add(end);
    });
  }
}
