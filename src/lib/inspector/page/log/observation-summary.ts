/** Summarizes an observation in one line. Names of events, states and codes are not translated. */
import type { Json, Observation, EntityId } from '../../../protocol/inspection.ts';
import { eventLabel } from './sequence.ts';

export function observationSummary(observation: Observation): string {
  switch (observation.kind) {
    case 'event':
      return joinParts(eventLabel(observation.event), briefValues(observation.data));
    case 'transition':
      return joinParts(
        eventLabel(observation.event),
        observation.took.length === 0 ? `= ${observation.value}` : `→ ${observation.value}`,
        keysOf(observation.changed),
      );
    case 'action':
      return joinParts(observation.action, briefValues(observation.params));
    case 'spawn':
      return joinParts(observation.machine, observation.value);
    case 'stop':
      return observation.reason;
    case 'turn':
      return joinParts(
        observation.event,
        observation.outcome === 'done' ? '' : observation.outcome,
        observation.waiting > 0 ? `+${observation.waiting}` : '',
      );
    case 'life':
      return joinParts(observation.what, observation.error ?? '');
    case 'alarm':
      return joinParts(observation.what, observation.retries > 0 ? `retry ${observation.retries}` : '');
    case 'commit':
      return joinParts(
        observation.outcome,
        observation.writes === null ? '' : `${observation.writes} writes`,
      );
    case 'socket':
      return joinParts(observation.what, observation.code === null ? '' : String(observation.code));
    case 'frame':
      return joinParts(observation.direction, observation.summary, `${observation.bytes}`);
    case 'command':
      return joinParts(observation.command, briefValues(observation.data));
    case 'news':
      return joinParts(observation.news, observation.phase ?? '', briefValues(observation.data));
    case 'process':
      return observation.what === 'start'
        ? joinParts(observation.what, String(observation.pid), observation.argv.join(' '))
        : joinParts(
            observation.what,
            String(observation.pid),
            String(observation.exitCode ?? observation.signal ?? ''),
          );
    case 'output':
      return joinParts(
        observation.fd === 1 ? 'stdout' : 'stderr',
        `${observation.bytes} B`,
        observation.text.trimEnd(),
      );
  }
}

/** Duration in ms; null where it is unknown or does not apply. */
export function durationOf(observation: Observation): number | null {
  return 'durationMs' in observation ? observation.durationMs : null;
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
