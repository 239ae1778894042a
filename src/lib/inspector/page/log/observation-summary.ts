/** Summarizes an observation in one line. Names of events, states and codes are not translated. */
import type { Json, Observation, EntityId } from '../../../protocol/inspection.ts';
import { eventLabel } from './sequence.ts';

export function observationSummary(entry: Observation): string {
  switch (entry.kind) {
    case 'event':
      return joinParts(eventLabel(entry.event), briefValues(entry.data));
    case 'transition':
      return joinParts(
        eventLabel(entry.event),
        entry.took.length === 0 ? `= ${entry.value}` : `→ ${entry.value}`,
        keysOf(entry.changed),
      );
    case 'action':
      return joinParts(entry.action, briefValues(entry.params));
    case 'spawn':
      return joinParts(entry.machine, entry.value);
    case 'stop':
      return entry.reason;
    case 'turn':
      return joinParts(
        entry.event,
        entry.outcome === 'done' ? '' : entry.outcome,
        entry.waiting > 0 ? `+${entry.waiting}` : '',
      );
    case 'life':
      return joinParts(entry.what, entry.error ?? '');
    case 'alarm':
      return joinParts(entry.what, entry.retries > 0 ? `retry ${entry.retries}` : '');
    case 'commit':
      return joinParts(entry.outcome, entry.writes === null ? '' : `${entry.writes} writes`);
    case 'socket':
      return joinParts(entry.what, entry.code === null ? '' : String(entry.code));
    case 'frame':
      return joinParts(entry.direction, entry.summary, `${entry.bytes}`);
    case 'command':
      return joinParts(entry.command, briefValues(entry.data));
    case 'news':
      return joinParts(entry.news, entry.phase ?? '', briefValues(entry.data));
    case 'process':
      return entry.what === 'start'
        ? joinParts(entry.what, String(entry.pid), entry.argv.join(' '))
        : joinParts(entry.what, String(entry.pid), String(entry.exitCode ?? entry.signal ?? ''));
    case 'output':
      return joinParts(entry.fd === 1 ? 'stdout' : 'stderr', `${entry.bytes} B`, entry.text.trimEnd());
  }
}

/** Duration in ms; null where it is unknown or does not apply. */
export function durationOf(entry: Observation): number | null {
  return 'durationMs' in entry ? entry.durationMs : null;
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
