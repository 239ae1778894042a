/** Labels of actors: name, state and facts, in the page's language. */
import { m } from '#lib/paraglide/messages.js';
import type { ActorView } from '../../../protocol/inspection.ts';
import { bytesLabel, engineLabel, percentLabel } from '../../../ui/labels.ts';
import { locale } from '../../../ui/language.svelte.ts';
import { ageLabel } from '../age.svelte.ts';
import { idPart } from '../state/inspector-store.svelte.ts';

export function actorName(actor: ActorView): string {
  switch (actor.kind) {
    case 'host':
      return m.inspector_host();
    case 'session':
      return m.inspector_session({ id: idPart(actor.id).slice(0, 6) });
    case 'download':
      return actor.title;
    case 'engine':
      return actor.engine === null ? m.inspector_engine() : engineLabel(actor.engine);
  }
}

/** null for an actor without a state. */
export function actorStateLabel(actor: ActorView): string | null {
  if (actor.kind === 'download') return actor.state;
  if (actor.kind !== 'session') return null;
  return actor.state === 'live' ? m.inspector_live() : m.inspector_hibernated();
}

/** Everything else that is known of an actor, as names and values. */
export function actorFacts(actor: ActorView): { name: string; value: string }[] {
  const facts: ([string, string] | null)[] = [[m.inspector_age(), ageLabel(actor.since)]];
  switch (actor.kind) {
    case 'host':
      facts.push([m.inspector_pid(), String(actor.pid)], ...usageFacts(actor), [
        m.inspector_sessions(),
        `${actor.live} / ${actor.sessions}`,
      ]);
      break;
    case 'session':
      facts.push(
        [m.inspector_mailbox(), String(actor.mailbox)],
        [m.inspector_sockets(), String(actor.sockets)],
        actor.storageBytes === null ? null : [m.inspector_storage(), bytesLabel(actor.storageBytes)],
        actor.alarmAt === null ? null : [m.inspector_alarm(), clockLabel(actor.alarmAt)],
      );
      break;
    case 'download':
      facts.push(
        actor.percent === null ? null : [m.inspector_progress(), percentLabel(actor.percent)],
        [m.inspector_attempt(), String(actor.attempt)],
        [m.inspector_memory(), actor.isLive ? m.inspector_live() : m.inspector_row_only()],
        actor.errorCode === null ? null : [m.inspector_error(), actor.errorCode],
      );
      break;
    case 'engine':
      facts.push([m.inspector_pid(), String(actor.pid)], ...usageFacts(actor));
      if (actor.processes > 1) facts.push([m.inspector_processes(), String(actor.processes)]);
      break;
  }
  if ('lastEvent' in actor && actor.lastEvent !== null) {
    facts.push([m.inspector_last_event(), `${actor.lastEvent.name}, ${ageLabel(actor.lastEvent.at)}`]);
  }
  return facts.flatMap((fact) => (fact === null ? [] : { name: fact[0], value: fact[1] }));
}

function usageFacts({
  cpuPercent,
  rssBytes,
}: {
  cpuPercent: number | null;
  rssBytes: number | null;
}): ([string, string] | null)[] {
  return [
    cpuPercent === null ? null : [m.inspector_cpu(), percentOfCore(cpuPercent)],
    rssBytes === null ? null : [m.inspector_rss(), bytesLabel(rssBytes)],
  ];
}

/** Can be more than 100 with several cores, which `percentLabel` would cut. */
function percentOfCore(percent: number): string {
  return new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1 }).format(
    percent / 100,
  );
}

function clockLabel(at: number): string {
  return new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' }).format(new Date(at));
}
