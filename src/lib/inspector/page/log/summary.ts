/** An observation in one line. Names of events, states and codes are the machines' own, the same in every language. */
import type { Json, Observation, EntityId } from '../../../protocol/inspection.ts';
import { wordOf } from './sequence.ts';

export function summaryOf(seen: Observation): string {
  switch (seen.kind) {
    case 'event':
      return joined(wordOf(seen.event), brief(seen.data));
    case 'transition':
      return joined(
        wordOf(seen.event),
        seen.took.length === 0 ? `= ${seen.value}` : `→ ${seen.value}`,
        keysOf(seen.changed),
      );
    case 'action':
      return joined(seen.action, brief(seen.params));
    case 'spawn':
      return joined(seen.machine, seen.value);
    case 'stop':
      return seen.reason;
    case 'turn':
      return joined(
        seen.event,
        seen.outcome === 'done' ? '' : seen.outcome,
        seen.waiting > 0 ? `+${seen.waiting}` : '',
      );
    case 'life':
      return joined(seen.what, seen.error ?? '');
    case 'alarm':
      return joined(seen.what, seen.retries > 0 ? `retry ${seen.retries}` : '');
    case 'commit':
      return joined(seen.outcome, seen.writes === null ? '' : `${seen.writes} writes`);
    case 'socket':
      return joined(seen.what, seen.code === null ? '' : String(seen.code));
    case 'frame':
      return joined(seen.direction, seen.summary, `${seen.bytes}`);
    case 'command':
      return joined(seen.command, brief(seen.data));
    case 'news':
      return joined(seen.news, seen.phase ?? '', brief(seen.data));
    case 'process':
      return seen.what === 'start'
        ? joined(seen.what, String(seen.pid), seen.argv.join(' '))
        : joined(seen.what, String(seen.pid), String(seen.exitCode ?? seen.signal ?? ''));
    case 'output':
      return joined(seen.fd === 1 ? 'stdout' : 'stderr', `${seen.bytes} B`, seen.text.trimEnd());
  }
}

/** How long it took, in ms; null where that is not known, or where it took no time. */
export function durationOf(seen: Observation): number | null {
  return 'durationMs' in seen ? seen.durationMs : null;
}

/** `download:VnJkQ…` → `download VnJk`: enough to tell actors of one screen apart. */
export function shortParty(party: EntityId): string {
  const [kind = '', id] = party.split(':');
  return id === undefined ? kind : `${kind} ${id.slice(0, 4)}`;
}

function joined(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

/** The plain values of an object, as many as fit. */
function brief(data: Json): string {
  if (data === null) return '';
  if (typeof data !== 'object' || Array.isArray(data)) return clipped(JSON.stringify(data));
  const parts = Object.entries(data).flatMap(([key, value]) => {
    if (value === null) return [];
    return [
      `${key} ${typeof value === 'object' ? (Array.isArray(value) ? `[${value.length}]` : '{…}') : String(value)}`,
    ];
  });
  return clipped(parts.join(', '));
}

function keysOf(changed: { [path: string]: Json }): string {
  const keys = Object.keys(changed);
  return keys.length === 0 ? '' : `Δ ${clipped(keys.join(', '))}`;
}

function clipped(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
