/** Records the messages between sessions and the runner. The composition root puts it between the two. */
import type { EntityId } from '../../protocol/inspection.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';
import type { Hub } from '../hub.ts';

export class RunnerTap {
  #hub: Hub | null = null;

  attach(hub: Hub): () => void {
    this.#hub = hub;
    return () => {
      this.#hub = null;
    };
  }

  recordCommand(session: string, command: RunnerCommand): void {
    this.#hub?.record(aboutOf(session, command), session, null, { kind: 'command', command }, 'runner');
  }

  recordEvents(session: string, events: readonly RunnerEvent[]): void {
    const hub = this.#hub;
    if (hub === null) return;
    for (const news of events) {
      // Up to 20 a second for each download; those that are applied are recorded as events of its machine.
      if (news.type === 'sample') continue;
      hub.record(aboutOf(session, news), session, 'runner', { kind: 'news', news }, 'runner');
    }
  }
}

function aboutOf(session: string, message: RunnerCommand | RunnerEvent): EntityId {
  return 'download' in message ? `download:${message.download}` : `session:${session}`;
}
