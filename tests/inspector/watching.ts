/** An inspector on a real session host, with fake sockets as clients. */
import { Inspector } from '#lib/inspector/inspector.ts';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { InspectorScope } from '#lib/channel/inspector-access.ts';
import type { WatchFilter } from '#lib/inspector/client-message.ts';
import type { ActorView, InspectorServerMessage, Observation } from '#lib/protocol/inspection.ts';
import type { Session } from '../actors/session/harness.ts';
import { waitFor } from '../support/wait.ts';

export class Client {
  bufferedAmount = 0;
  readonly messages: InspectorServerMessage[] = [];

  send(text: string): void {
    this.messages.push(JSON.parse(text) as InspectorServerMessage);
  }

  get text(): string {
    return JSON.stringify(this.messages);
  }

  get log(): Observation[] {
    return this.messages.flatMap((message) => (message.type === 'log' ? message.entries : []));
  }

  get dropped(): number {
    return this.messages.reduce((sum, message) => sum + (message.type === 'log' ? message.dropped : 0), 0);
  }

  /** The tree, rebuilt as the page does. */
  get tree(): Map<string, ActorView> {
    const tree = new Map<string, ActorView>();
    for (const message of this.messages) {
      if (message.type !== 'actors') continue;
      if (message.whole) tree.clear();
      for (const view of message.set) tree.set(view.id, view);
      for (const id of message.gone) tree.delete(id);
    }
    return tree;
  }

  received<K extends Observation['kind']>(
    kind: K,
    fits: (seen: Extract<Observation, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<Observation, { kind: K }>> {
    type Wanted = Extract<Observation, { kind: K }>;
    return waitFor(
      () => this.log.find((seen): seen is Wanted => seen.kind === kind && fits(seen as Wanted)),
      { what: `a ${kind} among ${this.log.map((seen) => seen.kind).join(' ')}`, deadlineMs: 10_000 },
    );
  }
}

export const OPERATOR: InspectorScope = { scope: 'all', session: null };
export const own = (session: string): InspectorScope => ({ scope: 'session', session });

export function inspect(s: Session): {
  inspector: Inspector;
  watch: (scope: InspectorScope, watch?: WatchFilter) => Client & { disconnect: () => void };
} {
  const inspector = new Inspector({
    host: s.host(),
    sessionClass: 'session',
    machines: s.machines,
    runner: s.wire,
    explain: (session, download) => s.host().get<SessionActor>('session', session).call('explain', download),
    environment: { version: '0.0.0', node: 'v24', platform: 'test' },
    processes: { running: () => [], observe: () => () => undefined },
    downloadOf: () => null,
    jobs: () => [],
    versions: () => Promise.resolve({}),
    usageOfGroups: () => new Map(),
    pid: 1,
    usage: () => ({ cpuUs: 0, rssBytes: 1 }),
  });
  return {
    inspector,
    watch(scope, watch = {}) {
      const client = new Client();
      const connected = inspector.connect(client, scope);
      connected.watch(watch);
      return Object.assign(client, { disconnect: () => connected.disconnect() });
    },
  };
}
