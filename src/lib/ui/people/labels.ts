import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';
import type { ListView, PersonView } from '../../protocol/people.ts';
import type { PersonLimits, PersonUse } from '../../protocol/person-limits.ts';
import { formatBytes } from '../format.ts';

export function listLabel({ name, sharedBy }: Pick<ListView, 'name' | 'sharedBy'>): string {
  const label = name === '' ? m.list_first() : name;
  return sharedBy === null ? label : m.list_shared_by({ list: label, name: sharedBy });
}

/** What is to be known of a person beside the name; '' = nothing. */
export function personDetails({ role, isLeaving, ...has }: PersonView, auth: string | undefined): string {
  return [
    role === 'operator' ? m.people_operator() : null,
    auth === 'password' && !has.hasPassword ? m.people_no_password() : null,
    auth === 'oidc' && !has.hasIdentity ? m.people_not_yet() : null,
    isLeaving ? m.people_leaving() : null,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

/** What a person uses, each beside its limit if there is one. */
export function useLabels({ bytes, running, adds }: PersonUse, limits: PersonLimits): string[] {
  const size = (count: number) => formatBytes(count, getLocale());
  const held = bytes === null ? m.use_bytes_unknown() : size(bytes);
  return [
    limits.bytes === null
      ? m.use_bytes({ bytes: held })
      : m.use_bytes_of({ bytes: held, limit: size(limits.bytes) }),
    limits.slots === null
      ? m.use_running({ count: running })
      : m.use_running_of({ count: running, limit: limits.slots }),
    ...(limits.addsPerDay === null || adds === null
      ? []
      : [m.use_adds_of({ count: adds, limit: limits.addsPerDay })]),
  ];
}
