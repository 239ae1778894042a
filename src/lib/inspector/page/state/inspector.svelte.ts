/** Everything the inspector's page has: who is looked at, what was observed of him, and which moment is shown. */
import { createContext } from 'svelte';
import type { Action } from '../../../protocol/actions.ts';
import type { Explanation, InspectorServerMessage, EntityId, Trace } from '../../../protocol/inspection.ts';
import { paths, socketUrl } from '../../../protocol/paths.ts';
import { findSession } from '../../../ui/state/browser-session.ts';
import { MACHINE_HASHES } from '../../charts/charts.ts';
import { Actors } from './actors.svelte.ts';
import { act } from './commands.ts';
import { Feed, type FeedState } from './feed.ts';
import { Log } from './log.svelte.ts';
import { isTransitionOf, type Moment, storedMoments, withTransitions } from './moments.ts';
import { stateOf } from './past-view.ts';
import { traceActors } from './trace-actors.ts';

export type Watched = 'actor' | 'everything';

export class Inspector {
  connection: FeedState = $state('connecting');
  readonly actors = new Actors();
  readonly log = new Log();
  /** Null: nobody in particular, everything is shown. */
  selected: EntityId | null = $state(null);
  watched: Watched = $state('actor');
  explanation: Explanation | null = $state.raw(null);
  /** A file is shown instead of the server. */
  trace: { name: string; trace: Trace } | null = $state.raw(null);
  /** What a command to a download came to, if it failed. */
  refused: unknown = $state.raw(null);
  /** How far the reader may see; null = not told yet. */
  scope: { scope: 'session' | 'all'; session: string | null } | null = $state.raw(null);
  /** One more each time something else is looked at: what is on the screen of the last is of no use. */
  generation = $state(0);

  #observed: Moment[] = $state.raw([]);
  /** The moment that is looked at; null = now. By what it is: others come before it and go. */
  #past: Pick<Moment, 'n' | 'at'> | null = $state.raw(null);
  #feed: Feed | null = null;
  /** False: what comes of the log was sent before the last question had arrived. */
  #isAnswered = false;

  readonly moments: readonly Moment[] = $derived.by(() => {
    const [first] = this.#observed;
    return [...storedMoments(this.explanation, first?.at), ...this.#observed];
  });
  readonly actor = $derived.by(() => this.actors.get(this.selected));
  readonly isPast = $derived.by(() => this.#past !== null);
  readonly position = $derived.by(() => this.#position());
  readonly moment: Moment | null = $derived.by(() => this.moments[this.position] ?? null);
  /** The machine whose chart the actor has; null for those that are no machines. */
  readonly machine = $derived.by(() => machineOf(this.selected));
  /** Where it stands, at the moment that is shown. */
  readonly value: string = $derived.by(() => this.#value());

  /** In the browser only. The answer ends the connection. */
  connect(): () => void {
    let isClosed = false;
    const open = (): void => {
      if (isClosed) return;
      this.#feed = new Feed({
        url: socketUrl(location, paths.inspectorChannel),
        onOpen: () => this.#watch(),
        onState: (state) => (this.connection = state),
        onMessages: (messages) => this.#take(messages),
      });
    };
    // A browser without a session is refused. When the server cannot be asked for one, the feed goes on trying.
    void findSession().then(open, open);
    return () => {
      isClosed = true;
      this.#feed?.close();
    };
  }

  select(actor: EntityId | null): void {
    if (actor === this.selected) return;
    this.selected = actor;
    this.explanation = this.trace?.trace.explanation ?? null;
    this.refused = null;
    this.#restart();
  }

  watch(watched: Watched): void {
    this.watched = watched;
    this.#restart();
  }

  /** @param index of a moment; past the last one is now */
  goTo(index: number): void {
    const isNow = index >= this.moments.length - 1 && this.trace === null;
    this.#past = isNow ? null : (this.moments[Math.max(0, index)] ?? null);
  }

  goToObservation(n: number): void {
    const index = this.moments.findLastIndex((moment) => moment.n !== null && moment.n <= n);
    if (index !== -1) this.goTo(index);
  }

  goLive(): void {
    this.#past = null;
  }

  open(name: string, trace: Trace): void {
    this.trace = { name, trace };
    this.explanation = trace.explanation;
    this.actors.apply(true, traceActors(trace), []);
    this.selected = `download:${trace.explanation.download.id}`;
    this.#restart();
  }

  closeTrace(): void {
    this.trace = null;
    this.explanation = null;
    this.actors.apply(true, [], []);
    this.selected = null;
    this.#restart();
  }

  async act(action: Action): Promise<void> {
    if (this.selected === null) return;
    this.refused = await act(action, idOf(this.selected));
  }

  get machinesDiffer(): boolean {
    const { machines } = this.trace?.trace ?? { machines: {} };
    return Object.entries(machines).some(([id, hash]) => MACHINE_HASHES[id] !== hash);
  }

  #position(): number {
    const past = this.#past;
    if (past === null) return this.moments.length - 1;
    // The oldest are let go: then what is left of the past begins here.
    return Math.max(
      0,
      this.moments.findIndex(({ n, at }) => n === past.n && at === past.at),
    );
  }

  #value(): string {
    if (this.isPast || this.trace !== null) return this.moment?.value ?? '';
    if (this.actor?.kind !== 'download') return this.moment?.value ?? '';
    // The tree and the log come at different times: the machine's own word is the newer, while it has one.
    return this.#observed.at(-1)?.value ?? this.actor.state;
  }

  /** Another question: what was heard so far does not answer it. */
  #restart(): void {
    this.generation += 1;
    this.log.clear();
    this.#observed = [];
    this.#past = null;
    if (this.trace === null) this.#watch();
    else this.#observe(this.trace.trace.observations);
  }

  #watch(): void {
    this.#isAnswered = false;
    const actor = this.watched === 'actor' && this.selected !== null && this.selected !== 'host';
    this.#feed?.send({ type: 'watch', since: 0, ...(actor ? { actor: this.selected as EntityId } : {}) });
    this.#explain();
  }

  /** The tree comes whole at the beginning of each answer; the log that belongs to it follows. */
  #answered(): void {
    this.#isAnswered = true;
    this.log.clear();
    this.#observed = [];
  }

  #explain(): void {
    if (this.trace === null && this.machine === 'download')
      this.#feed?.send({ type: 'explain', download: idOf(this.selected!) });
  }

  #take(messages: InspectorServerMessage[]): void {
    if (this.trace !== null) return;
    for (const message of messages) {
      switch (message.type) {
        case 'hello':
          this.scope = { scope: message.scope, session: message.session };
          break;
        case 'actors':
          if (message.whole) this.#answered();
          this.actors.apply(message.whole, message.set, message.gone);
          break;
        case 'log':
          if (this.#isAnswered) this.#observe(message.entries, message.dropped, message.omitted);
          break;
        case 'explained':
          if (`download:${message.download}` === this.selected) this.explanation = message.explanation;
          break;
      }
    }
  }

  #observe(...[entries, dropped, omitted]: Parameters<Log['add']>): void {
    this.log.add(entries, dropped, omitted);
    const before = this.#observed.at(-1)?.value ?? null;
    const transitions = entries.filter(isTransitionOf(this.selected));
    if (transitions.length === 0) return;
    this.#observed = withTransitions(this.#observed, transitions);
    // The stored row is written when the state changes, and told when it is asked for.
    if (stateOf(before ?? undefined) !== stateOf(this.#observed.at(-1)?.value)) this.#explain();
  }
}

function machineOf(actor: EntityId | null): 'session' | 'download' | null {
  const [kind] = actor?.split(':') ?? [];
  return kind === 'session' || kind === 'download' ? kind : null;
}

/** `download:ID` → `ID` */
export function idOf(party: EntityId): string {
  return party.slice(party.indexOf(':') + 1);
}

export const [useInspector, provideInspector] = createContext<Inspector>();
