/** The people of the simulated world: they add downloads, change their minds, and ask again where no answer came. */
import { createHash } from 'node:crypto';
import type { SessionActor } from '../src/lib/actors/session/session-actor.ts';
import type { PlainAnswer } from '../src/lib/protocol/answer.ts';
import type { SessionRequest } from '../src/lib/protocol/request.ts';
import type { Machine } from './machine.ts';
import type { Plan, PlannedAction, PlannedDownload } from './plan/plan.ts';

const AGAIN_MS = 500;

/** A download as its owner knows it. */
export interface Added {
  session: string;
  url: string;
  /** null = not answered, or refused. */
  id: string | null;
  commandId: string;
  /** Its owner has asked to remove it. */
  isRemoved: boolean;
  /** With its file. */
  removedFile: boolean;
}

interface Question {
  session: string;
  request: SessionRequest;
  onAnswer: (answer: PlainAnswer) => void;
}

export class Client {
  readonly added: Added[];
  readonly #machine: Machine;
  readonly #plan: Plan;
  #open = new Set<Question>();
  #questions = 0;

  constructor(machine: Machine, plan: Plan) {
    this.#machine = machine;
    this.#plan = plan;
    this.added = plan.downloads.map((download, i) => ({
      session: `s${download.session}`,
      url: this.#url(download),
      id: null,
      commandId: `add-${i}`,
      isRemoved: false,
      removedFile: false,
    }));
    plan.downloads.forEach((download, i) =>
      this.#at(download.at, () => this.#add(download, this.added[i] as Added)),
    );
    for (const action of plan.actions) this.#at(action.at, () => this.#act(action));
  }

  /** Everything was answered. */
  get isContent(): boolean {
    return this.#open.size === 0;
  }

  /** The server has started: what was not answered is asked again. */
  askAgain(): void {
    for (const question of this.#open) this.#ask(question);
  }

  /** By hand, at the end. */
  press(action: 'retry' | 'resume', added: Added): void {
    if (added.id !== null) this.#command(added, { name: action, downloadId: added.id }, () => undefined);
  }

  #at(ms: number, work: () => void): void {
    this.#machine.scheduler.schedule(ms, null, work);
  }

  #url({ file }: PlannedDownload): string {
    const { host, name } = this.#plan.files[file] as Plan['files'][number];
    return `http://${host}/${name}`;
  }

  #add({ hasSha256, filename }: PlannedDownload, added: Added): void {
    const content = this.#machine.network.files.get(added.url)?.contents[0] ?? Buffer.alloc(0);
    const sha256 = hasSha256 ? createHash('sha256').update(content).digest('hex') : undefined;
    const request: SessionRequest = {
      ...{ name: 'add', url: added.url, streamId: null, engine: null, title: null },
      ...{ filename, sha256, commandId: added.commandId },
    };
    this.#question(added.session, request, ({ status, body }) => {
      if (status !== 202) return;
      added.id = (JSON.parse(body ?? '') as { id: string }).id;
      this.#machine.trace.add(this.#machine.scheduler.now, `added ${added.id}`);
    });
  }

  #act({ do: what, download }: PlannedAction): void {
    const added = this.added[download];
    if (added === undefined || added.id === null || added.isRemoved) return;
    const downloadId = added.id;
    if (what !== 'remove' && what !== 'remove-file') {
      return this.#command(added, { name: what, downloadId }, () => undefined);
    }
    added.isRemoved = true;
    added.removedFile = what === 'remove-file';
    const file = what === 'remove' ? 'keep' : 'delete';
    this.#command(added, { name: 'remove', downloadId, file }, () => undefined);
  }

  #command(added: Added, request: SessionRequest, onAnswer: Question['onAnswer']): void {
    const commandId = `command-${this.#questions++}`;
    this.#question(added.session, { ...request, commandId } as SessionRequest, onAnswer);
  }

  #question(session: string, request: SessionRequest, onAnswer: Question['onAnswer']): void {
    const question = { session, request, onAnswer };
    this.#open.add(question);
    this.#ask(question);
  }

  #ask(question: Question): void {
    const { product, life, scheduler, trace } = this.#machine;
    if (product === null || !this.#open.has(question)) return;
    const { session, request, onAnswer } = question;
    trace.add(
      scheduler.now,
      `${session} asks ${request.name} ${'downloadId' in request ? request.downloadId : ''}`,
    );
    const again = (): void =>
      void scheduler.schedule(AGAIN_MS, null, () => {
        if (life.isAlive) this.#ask(question);
      });
    product.host
      .get<SessionActor>('session', session)
      .call('ask', request)
      .then(
        (answer: PlainAnswer) => {
          if (!life.isAlive || !this.#open.has(question)) return;
          trace.add(scheduler.now, `answer ${answer.status} to ${request.name}`);
          if (answer.status >= 500 || answer.status === 429) return again();
          this.#open.delete(question);
          onAnswer(answer);
        },
        () => {
          if (life.isAlive) again();
        },
      );
  }
}
