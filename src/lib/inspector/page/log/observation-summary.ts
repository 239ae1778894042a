/** Summarizes an observation in one line. Names of events, states and codes are not translated. */
import type { Json, Observation, EntityId } from '../../../protocol/inspection.ts';
import { eventLabel } from './sequence.ts';

export function observationSummary(seen: Observation): string {
  switch (seen.kind) {
    case 'event':
      return joinParts(eventLabel(seen.event), briefValues(seen.data));
    case 'transition':
      return joinParts(
        eventLabel(seen.event),
        seen.took.length === 0 ? `= ${seen.value}` : `→ ${seen.value}`,
        keysOf(seen.changed),
      );
    case 'action':
      return joinParts(seen.action, briefValues(seen.params));
    case 'spawn':
      return joinParts(seen.machine, seen.value);
    case 'stop':
      return seen.reason;
    case 'turn':
      return joinParts(
        seen.event,
        seen.outcome === 'done' ? '' : seen.outcome,
        seen.waiting > 0 ? `+${seen.waiting}` : '',
      );
    case 'life':
      return joinParts(seen.what, seen.error ?? '');
    case 'alarm':
      return joinParts(seen.what, seen.retries > 0 ? `retry ${seen.retries}` : '');
    case 'commit':
      return joinParts(seen.outcome, seen.writes === null ? '' : `${seen.writes} writes`);
    case 'socket':
      return joinParts(seen.what, seen.code === null ? '' : String(seen.code));
    case 'frame':
      return joinParts(seen.direction, seen.summary, `${seen.bytes}`);
    case 'command':
      return joinParts(seen.command, briefValues(seen.data));
    case 'news':
      return joinParts(seen.news, seen.phase ?? '', briefValues(seen.data));
    case 'process':
      return seen.what === 'start'
        ? joinParts(seen.what, String(seen.pid), seen.argv.join(' '))
        : joinParts(seen.what, String(seen.pid), String(seen.exitCode ?? seen.signal ?? ''));
    case 'output':
      return joinParts(seen.fd === 1 ? 'stdout' : 'stderr', `${seen.bytes} B`, seen.text.trimEnd());
  }
}

/** Duration in ms; null where it is unknown or does not apply. */
export function durationOf(seen: Observation): number | null {
  return 'durationMs' in seen ? seen.durationMs : null;
}

/** `download:VnJkQ…` → `download VnJk`: enough to distinguish the actors on one screen. */
export function shortEntityId(entity: EntityId): string {
  const [kind = '', id] = entity.split(':');
  return id === undefined ? kind : `${kind} ${id.slice(0, 4)}`;
}

function joinParts(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

/** The values of an object, as many as fit. */
function briefValues(data: Json): string {
  if (data === null) return '';
  if (typeof data !== 'object' || Array.isArray(data)) return clip(JSON.stringify(data));
  const parts = Object.entries(data).flatMap(([key, value]) => {
    if (value === null) return [];
    return [
      `${key} ${typeof value === 'object' ? (Array.isArray(value) ? `[${value.length}]` : '{…}') : String(value)}`,
    ];
  });
  return clip(parts.join(', '));
}

function keysOf(changed: { [path: string]: Json }): string {
  const keys = Object.keys(changed);
  return keys.length === 0 ? '' : `Δ ${clip(keys.join(', '))}`;
}

function clip(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
