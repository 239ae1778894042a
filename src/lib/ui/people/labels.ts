import { m } from '#lib/paraglide/messages.js';
import type { ListView, PersonView } from '../../protocol/people.ts';

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
