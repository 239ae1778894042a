/**
 * The devices of a list, under `dev/ID`. The id is the nonce in a device's token, so withdrawing one is a single write, and
 * asking whether one is still admitted a single read.
 *
 * A list is made without writing anything, so its first browser has no row, nor have those that came by a link before devices
 * were noted. Their ids are shorter (`isUnlisted`): they are admitted unless a key `rev/ID` says otherwise, or `rev/*`, which
 * refuses all of them but the one it names.
 */
import {
  type Device,
  type DeviceChange,
  MAX_DEVICES,
  MAX_OTHER_DEVICES,
  type Scope,
} from '../../protocol/device.ts';
import type { DevicePerson } from '../../protocol/people.ts';
import type { DurableKv } from '../durable/types.ts';

const VERSION = 1;
type StoredDevice = Device & { v: typeof VERSION };

export type DeviceEntry = [id: string, device: Device];

/** Of ids that need a row. */
export const LISTED_ID_CHARACTERS = 16;

const ALL_UNLISTED = 'rev/*';

export class Devices {
  readonly #kv: DurableKv;

  constructor(kv: DurableKv) {
    this.#kv = kv;
  }

  /** null = the list has as many devices as it may have, or does not have the one to be withdrawn. */
  after(change: DeviceChange | null, now: number): DeviceEntry[] | null {
    return change === null || this.#change(change, now) ? this.#list(now) : null;
  }

  #list(now: number): DeviceEntry[] {
    const found: DeviceEntry[] = [];
    for (const [key, { v: _, ...device }] of this.#kv.list<StoredDevice>({ prefix: 'dev/' })) {
      if (hasExpired(device, now)) this.#kv.delete(key);
      else found.push([key.slice('dev/'.length), device]);
    }
    return found;
  }

  #change(change: DeviceChange, now: number): boolean {
    switch (change.type) {
      case 'admit':
        return this.#admit(change.id, change.device, now);
      case 'withdraw':
        return this.#withdraw(change.id);
      case 'withdraw-others':
        this.#withdrawOthers(change.kept, now);
        return true;
      case 'expire':
        this.#expire(change.id, change.at);
        return true;
      case 'withdraw-person':
        this.#withdrawWhere(
          now,
          (id, { kind, person }) =>
            person?.id === change.person && id !== change.kept && (change.programsToo || kind === 'browser'),
        );
        return true;
    }
  }

  #admit(id: string, device: Device, now: number): boolean {
    if (this.#kv.get(`dev/${id}`) !== undefined) return true;
    if (!this.#hasRoom(device, now) && !this.#makeRoom(device, now)) return false;
    this.#kv.put(`dev/${id}`, { v: VERSION, ...device } satisfies StoredDevice);
    return true;
  }

  /** An owner must not be kept out by programs, nor by those with whom the list is shared. */
  #hasRoom(device: Device, now: number): boolean {
    const all = this.#list(now).map(([, other]) => other);
    if (all.length >= MAX_DEVICES) return false;
    return (
      isBrowserOfOwner(device) || all.filter((other) => !isBrowserOfOwner(other)).length < MAX_OTHER_DEVICES
    );
  }

  /** Who signs in must not be kept out by browsers that they signed in with long ago: the oldest of theirs gives way. */
  #makeRoom({ kind, person }: Device, now: number): boolean {
    if (kind !== 'browser' || person === undefined) return false;
    const own = this.#list(now).filter(
      ([, other]) => other.kind === 'browser' && other.person?.id === person.id,
    );
    const [oldest] = own.sort(([, a], [, b]) => a.createdAt - b.createdAt);
    return oldest !== undefined && this.#kv.delete(`dev/${oldest[0]}`);
  }

  #withdraw(id: string): boolean {
    const isKnown = this.#kv.delete(`dev/${id}`);
    // Without a row an id that was never given out could not be recognised.
    if (isKnown && isUnlisted(id)) this.#kv.put(`rev/${id}`, '');
    return isKnown;
  }

  #expire(id: string, at: number): void {
    const device = this.#kv.get<StoredDevice>(`dev/${id}`);
    if (device !== undefined) this.#kv.put(`dev/${id}`, { ...device, expiresAt: at } satisfies StoredDevice);
  }

  #withdrawOthers(kept: string, now: number): void {
    this.#withdrawWhere(now, (id) => id !== kept);
    this.#kv.put(ALL_UNLISTED, kept);
  }

  #withdrawWhere(now: number, isMeant: (id: string, device: Device) => boolean): void {
    for (const [id, device] of this.#list(now)) if (isMeant(id, device)) this.#kv.delete(`dev/${id}`);
  }
}

/** Of a list that a person owns. Where nobody signs in, whoever has the list may fill it. */
function isBrowserOfOwner({ kind, person }: Device): boolean {
  return person === undefined || (kind === 'browser' && person.isOwner);
}

/** What a device may do, and whose it is: null = nobody signed in with it. */
export interface Access {
  kind: Device['kind'];
  scope: Scope;
  person: DevicePerson | null;
}

const OF_NOBODY: Access = { kind: 'browser', scope: 'full', person: null };

/**
 * What a device may do now; null = it is not admitted.
 * @param kv the list's values, also from outside
 * @throws SluiceError `row_damaged`
 */
export function accessOf(kv: Pick<DurableKv, 'get'>, id: string, now: number): Access | null {
  if (isUnlisted(id)) {
    const kept = kv.get<string>(ALL_UNLISTED);
    const isRefused = kv.get(`rev/${id}`) !== undefined || (kept !== undefined && kept !== id);
    return isRefused ? null : OF_NOBODY;
  }
  const device = kv.get<StoredDevice>(`dev/${id}`);
  if (device === undefined || hasExpired(device, now)) return null;
  return { kind: device.kind, scope: device.scope, person: device.person ?? null };
}

function isUnlisted(id: string): boolean {
  return id.length < LISTED_ID_CHARACTERS;
}

function hasExpired({ expiresAt }: Device, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}
