import { m } from '#lib/paraglide/messages.js';
import type { DeviceView, Scope } from '../../protocol/device.ts';
import { timeLabel } from '../labels.ts';

const SCOPE_LABELS: Record<Scope, () => string> = {
  full: m.devices_scope_full,
  add: m.devices_scope_add,
  read: m.devices_scope_read,
};

export const scopeLabel = (scope: Scope): string => SCOPE_LABELS[scope]();

export function deviceLabel({ kind, name }: DeviceView): string {
  return kind === 'browser' && name === '' ? m.devices_unknown() : name;
}

/** Whose it is, since when, until when, and what it may do. */
export function deviceDetails({ kind, scope, createdAt, expiresAt, person }: DeviceView): string {
  return [
    person ?? null,
    kind === 'token' ? `${m.devices_token_word()}: ${scopeLabel(scope)}` : null,
    createdAt === null ? null : m.devices_since({ time: timeLabel(createdAt) }),
    expiresAt === null ? null : m.devices_until({ time: timeLabel(expiresAt) }),
  ]
    .filter((part) => part !== null)
    .join(' · ');
}
