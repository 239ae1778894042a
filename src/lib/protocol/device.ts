/** What opens a list: a browser with its cookie, or a program with a named token. */
import * as v from 'valibot';
import { parseJson, validate } from './commands.ts';
import type { DevicePerson } from './people.ts';

/** What a device may do with the list. `read`: look, and get files; `add`: that, look-ups and new downloads; `full`: everything. */
export const SCOPES = ['full', 'add', 'read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Device {
  kind: 'browser' | 'token';
  /** Of a token as it was given; of a browser what its User-Agent says, such as `Firefox, Android`. */
  name: string;
  scope: Scope;
  /** Epoch ms. */
  createdAt: number;
  /** Epoch ms; null = it does not expire. */
  expiresAt: number | null;
  /** Who signed in with it, or made it; absent = it is from a time without signing in. */
  person?: DevicePerson;
}

/** What the edge asks of a session. */
export type DeviceChange =
  | { type: 'admit'; id: string; device: Device }
  | { type: 'withdraw'; id: string }
  | { type: 'withdraw-others'; kept: string }
  /** Ends soon: its browser is getting another one, and may still send this one. */
  | { type: 'expire'; id: string; at: number }
  /** All of a person, but one; those of programs only if asked. */
  | { type: 'withdraw-person'; person: string; kept: string | null; programsToo: boolean };

/** Response of `GET /api/devices`: the one that asks first, then the newest. */
export interface DeviceList {
  devices: DeviceView[];
}

export interface DeviceView extends Omit<Device, 'createdAt' | 'expiresAt' | 'person'> {
  /** The nonce of its token: names it, and gives no access. */
  id: string;
  /** null = not known: it has the list since before devices were noted. */
  createdAt: string | null;
  expiresAt: string | null;
  /** The one that asks. */
  isCurrent: boolean;
  /** Whose it is; absent where nobody signs in. */
  person?: string;
}

/** Response of `POST /api/devices`: the only time that the token is shown. */
export interface NewToken {
  device: DeviceView;
  token: string;
}

/** Response of `POST /api/devices/link`: opens the list in another browser, once. */
export interface DeviceLink {
  /** Path and fragment: the address under which this server is reached goes before. */
  path: string;
  expiresAt: string;
}

/** Kept in one list at most. */
export const MAX_DEVICES = 64;
/** Of them, where people sign in, those that are no browsers of the list's owner. */
export const MAX_OTHER_DEVICES = 48;

/** Of a token that a browser gets by a link, or a program by name. */
const MAX_NAME_CHARACTERS = 64;
const MAX_DAYS = 3650;

const NewTokenBody = v.strictObject({
  name: v.pipe(
    v.string(),
    v.trim(),
    v.nonEmpty('A token needs a name.'),
    v.maxLength(MAX_NAME_CHARACTERS),
    // It is shown in a list: nothing invisible, and nothing that turns the line around.
    v.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u),
  ),
  scope: v.picklist(SCOPES),
  /** null = until it is withdrawn. */
  expiresInDays: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DAYS))),
});
export type NewTokenFields = v.InferOutput<typeof NewTokenBody>;

/** @throws SluiceError `invalid_json`, `invalid_request` */
export function readNewToken(body: string): NewTokenFields {
  return validate(NewTokenBody, parseJson(body));
}
