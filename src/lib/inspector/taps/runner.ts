/** What sessions and the runner say to each other, as notes. The composition root puts it between the two. */
import type { EntityId } from '../../protocol/inspection.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';
import type { Hub } from '../hub.ts';

export class RunnerTap {
  #hub: Hub | null = null;

  /** As `Tap`. */
  attach(hub: Hub): () => void {
    this.#hub = hub;
    return () => {
      this.#hub = null;
    };
  }

  command(session: string, command: RunnerCommand): void {
    this.#hub?.note(aboutOf(session, command), session, null, { kind: 'command', command }, 'runner');
  }

  news(session: string, events: readonly RunnerEvent[]): void {
    const hub = this.#hub;
    if (hub === null) return;
    for (const news of events) {
      // Twenty a second for each download; the ones that are shown come again as the event of its machine.
      if (news.type === 'sample') continue;
      hub.note(aboutOf(session, news), session, 'runner', { kind: 'news', news }, 'runner');
    }
  }
}

function aboutOf(session: string, message: RunnerCommand | RunnerEvent): EntityId {
  return 'download' in message ? `download:${message.download}` : `session:${session}`;
}
