/** The state of the inspector's page: the selected actor, what was observed of it, and the moment that is shown. */
import { createContext } from 'svelte';
import type { Action } from '../../../protocol/actions.ts';
import type { Explanation, InspectorServerMessage, EntityId, Trace } from '../../../protocol/inspection.ts';
import { paths, socketUrl } from '../../../protocol/paths.ts';
import { findSession } from '../../../ui/state/browser-session.ts';
import { MACHINE_HASHES } from '../../charts/charts.ts';
import { Actors } from './actors.svelte.ts';
import { sendAction } from './commands.ts';
import { InspectorConnection, type ConnectionState } from './inspector-connection.ts';
import { ObservationLog } from './observation-log.svelte.ts';
import { isTransitionOf, type Moment, storedMoments, appendTransitions } from './moments.ts';
import { downloadState } from './past-view.ts';
import { traceActors } from './trace-actors.ts';

type LogScope = 'actor' | 'everything';

export class InspectorStore {
  connectionState: ConnectionState = $state('connecting');
  readonly actors = new Actors();
  readonly log = new ObservationLog();
  /** null = none: everything is shown. */
  selected: EntityId | null = $state(null);
  logScope: LogScope = $state('actor');
  explanation: Explanation | null = $state.raw(null);
  /** The trace file that is shown instead of the server; null = none. */
  trace: { name: string; trace: Trace } | null = $state.raw(null);
  /** The error of the last action on a download; null = it succeeded. */
  actionError: unknown = $state.raw(null);
  /** How much this reader may see; null until the server's hello. */
  scope: { scope: 'session' | 'all'; session: string | null } | null = $state.raw(null);
  /** Incremented with each new selection: what is shown of the previous one is out of date. */
  generation = $state(0);

  #observed: Moment[] = $state.raw([]);
  /** The past moment that is shown; null = now. Not an index, as moments are added and dropped before it. */
  #pastMoment: Pick<Moment, 'n' | 'at'> | null = $state.raw(null);
  #connection: InspectorConnection | null = null;
  /** False while log messages may still answer the previous `watch`. */
  #hasAnswerBegun = false;

  readonly moments: readonly Moment[] = $derived.by(() => {
    const [first] = this.#observed;
    return [...storedMoments(this.explanation, first?.at), ...this.#observed];
  });
  readonly actor = $derived.by(() => this.actors.get(this.selected));
  readonly isPast = $derived.by(() => this.#pastMoment !== null);
  readonly position = $derived.by(() => this.#position());
  readonly moment: Moment | null = $derived.by(() => this.moments[this.position] ?? null);
  /** The machine of the selected actor; null when it has none. */
  readonly machine = $derived.by(() => machineName(this.selected));
  /** Its state at the moment that is shown, as a dot path. */
  readonly stateValue: string = $derived.by(() => this.#stateValue());

  /** In the browser only. @returns closes the connection */
  connect(): () => void {
    let isClosed = false;
    const open = (): void => {
      if (isClosed) return;
      this.#connection = new InspectorConnection({
        url: socketUrl(location, paths.inspectorChannel),
        onOpen: () => this.#sendWatch(),
        onState: (state) => (this.connectionState = state),
        onMessages: (messages) => this.#handleMessages(messages),
      });
    };
    // A browser without a session is refused. When requesting one fails, the connection keeps retrying.
    void findSession().then(open, open);
    return () => {
      isClosed = true;
      this.#connection?.close();
    };
  }

  select(actor: EntityId | null): void {
    if (actor === this.selected) return;
    this.selected = actor;
    this.explanation = this.trace?.trace.explanation ?? null;
    this.actionError = null;
    this.#restart();
  }

  setLogScope(scope: LogScope): void {
    this.logScope = scope;
    this.#restart();
  }

  /** @param index of a moment; the last one means now */
  goToMoment(index: number): void {
    const isNow = index >= this.moments.length - 1 && this.trace === null;
    this.#pastMoment = isNow ? null : (this.moments[Math.max(0, index)] ?? null);
  }

  goToObservation(n: number): void {
    const index = this.moments.findLastIndex((moment) => moment.n !== null && moment.n <= n);
    if (index !== -1) this.goToMoment(index);
  }

  goLive(): void {
    this.#pastMoment = null;
  }

  openTrace(name: string, trace: Trace): void {
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
    this.actionError = await sendAction(action, idPart(this.selected));
  }

  get machinesDiffer(): boolean {
    const { machines } = this.trace?.trace ?? { machines: {} };
    return Object.entries(machines).some(([id, hash]) => MACHINE_HASHES[id] !== hash);
  }

  #position(): number {
    const past = this.#pastMoment;
    if (past === null) return this.moments.length - 1;
    // The oldest moments are dropped: if this one was, show the oldest left.
    return Math.max(
      0,
      this.moments.findIndex(({ n, at }) => n === past.n && at === past.at),
    );
  }

  #stateValue(): string {
    if (this.isPast || this.trace !== null) return this.moment?.value ?? '';
    if (this.actor?.kind !== 'download') return this.moment?.value ?? '';
    // The tree and the log arrive at different times: the last transition, if there is one, is newer than the tree.
    return this.#observed.at(-1)?.value ?? this.actor.state;
  }

  /** Discards what was received for the previous selection, and asks for the new one. */
  #restart(): void {
    this.generation += 1;
    this.log.clear();
    this.#observed = [];
    this.#pastMoment = null;
    if (this.trace === null) this.#sendWatch();
    else this.#appendObservations(this.trace.trace.observations);
  }

  #sendWatch(): void {
    this.#hasAnswerBegun = false;
    const hasActor = this.logScope === 'actor' && this.selected !== null && this.selected !== 'host';
    const filter = hasActor ? { actor: this.selected as EntityId } : {};
    this.#connection?.send({ type: 'watch', since: 0, ...filter });
    this.#requestExplanation();
  }

  /** Each answer to `watch` begins with the whole tree; its log follows. */
  #beginAnswer(): void {
    this.#hasAnswerBegun = true;
    this.log.clear();
    this.#observed = [];
  }

  #requestExplanation(): void {
    if (this.trace === null && this.machine === 'download')
      this.#connection?.send({ type: 'explain', download: idPart(this.selected!) });
  }

  #handleMessages(messages: InspectorServerMessage[]): void {
    if (this.trace !== null) return;
    for (const message of messages) {
      switch (message.type) {
        case 'hello':
          this.scope = { scope: message.scope, session: message.session };
          break;
        case 'actors':
          if (message.whole) this.#beginAnswer();
          this.actors.apply(message.whole, message.set, message.gone);
          break;
        case 'log':
          if (this.#hasAnswerBegun)
            this.#appendObservations(message.entries, message.dropped, message.omitted);
          break;
        case 'explained':
          if (`download:${message.download}` === this.selected) this.explanation = message.explanation;
          break;
      }
    }
  }

  #appendObservations(...[entries, dropped, omitted]: Parameters<ObservationLog['add']>): void {
    this.log.add(entries, dropped, omitted);
    const before = this.#observed.at(-1)?.value ?? null;
    const transitions = entries.filter(isTransitionOf(this.selected));
    if (transitions.length === 0) return;
    this.#observed = appendTransitions(this.#observed, transitions);
    // The row is stored when the state changes, and sent only on request.
    if (downloadState(before ?? undefined) !== downloadState(this.#observed.at(-1)?.value))
      this.#requestExplanation();
  }
}

function machineName(actor: EntityId | null): 'session' | 'download' | null {
  const [kind] = actor?.split(':') ?? [];
  return kind === 'session' || kind === 'download' ? kind : null;
}

/** `download:ID` → `ID` */
export function idPart(id: EntityId): string {
  return id.slice(id.indexOf(':') + 1);
}

export const [useInspector, provideInspector] = createContext<InspectorStore>();
