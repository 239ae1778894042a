/** The actor tree of a trace: its download, and the engines whose output it holds. */
import type { ActorView, Trace } from '../../../protocol/inspection.ts';

export function traceActors({ explanation, recordings, observations }: Trace): ActorView[] {
  const { download, transitions } = explanation;
  const id = `download:${download.id}` as const;
  const engines = recordings.flatMap(({ engine }): ActorView[] => {
    const start = observations.find((seen) => seen.about === engine && seen.kind === 'process');
    if (start?.kind !== 'process') return [];
    const view = {
      id: engine,
      kind: 'engine',
      parent: id,
      engine: download.engine,
      pid: start.pid,
      since: start.at,
      cpuPercent: null,
      rssBytes: null,
      processes: 1,
    } as const;
    return [view];
  });
  return [
    {
      id,
      kind: 'download',
      parent: `session:${explanation.session}`,
      title: download.title,
      state: download.state,
      isLive: false,
      since: transitions.at(-1)?.at ?? Date.parse(download.createdAt),
      createdAt: Date.parse(download.createdAt),
      attempt: download.attempt,
      percent: download.percent,
      errorCode: download.error?.code ?? null,
      lastEvent: null,
    },
    ...engines,
  ];
}
