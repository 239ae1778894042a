/** Who uses a server: people, and the lists that they own or that were shared with them. */
import * as v from 'valibot';
import { parseJson, validate } from './commands.ts';
import type { PersonLimits } from './person-limits.ts';

/**
 * SLUICE_AUTH. `none`: anyone who reaches the port gets a list. `password`: people sign in on the page. `proxy`: a proxy in front
 * says who it is. `oidc`: they sign in with an issuer (OpenID Connect).
 */
export const AUTH_MODES = ['none', 'password', 'proxy', 'oidc'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** An operator adds and removes people, and may look into their lists for an hour, which they see (`visit.ts`). */
export const ROLES = ['person', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** Of whom a device is. */
export interface DevicePerson {
  id: string;
  name: string;
  /** false: the list was shared with them. */
  isOwner: boolean;
  /** As it was in the directory when they signed in: another list opens only while it is. */
  epoch: number;
}

export interface ListView {
  id: string;
  /** '' = the person's first. */
  name: string;
  /** Who shared it; null = it is the person's own. */
  sharedBy: string | null;
  isCurrent: boolean;
}

/** Response of `GET /api/account`. */
export interface AccountView {
  auth: AuthMode;
  name: string;
  /** null = the directory does not answer. */
  role: Role | null;
  /** Without the directory that which is open alone. */
  lists: ListView[];
}

export interface PersonView {
  id: string;
  name: string;
  role: Role;
  /** Has set a password; who comes by a proxy or an issuer has none. */
  hasPassword: boolean;
  /** Is known by an issuer's account. */
  hasIdentity: boolean;
  createdAt: string;
  /** Being removed: signed out, and their lists are emptied. */
  isLeaving: boolean;
  limits: PersonLimits;
}

/** Response of `GET /api/people`. */
export interface PeopleList {
  people: PersonView[];
  /** The one that asks; null = the command. */
  current: string | null;
}

/** Response of `POST /api/people` and `POST /api/people/ID/reset`: a link that sets the password or the issuer's account, once. */
export interface InvitedPerson {
  person: PersonView;
  /** Path and fragment. null where people are named by a proxy. */
  path: string | null;
  expiresAt: string | null;
}

/** Response of `POST /api/invitations/read`. */
export interface InvitationView {
  /** Whose password it sets; null = of the first person, who chooses a name too. */
  name: string | null;
  expiresAt: string;
}

/** Response of signing in: the list that the browser has now. */
export interface SignedIn {
  kind: 'session';
  id: string;
}

/** Response of `POST /api/account/oidc`: where the browser has to go. */
export interface BegunSignIn {
  location: string;
  /** Comes back with the browser: the page keeps it, to know that it has begun this sign-in. */
  state: string;
}

/** Response of signing out where the issuer has to be told. */
export interface SignedOut {
  location: string;
}

/** Response of `GET /api/account/lists/ID/shares`. */
export interface Shares {
  people: { id: string; name: string }[];
}

export const MAX_PEOPLE = 200;
/** Of one person, shared ones not counted. */
export const MAX_LISTS = 32;

/** Source of both: NIST SP 800-63B, section 3.1.1.2, which asks for 8 at least and 64 at the longest. */
export const PASSWORD_CHARACTERS = { min: 10, max: 256 } as const;

/** It is shown in lists: nothing invisible, and nothing that turns the line around. */
const Name = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('A name is missing.'),
  v.maxLength(64),
  v.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u),
);
/** Shorter ones cannot be right: no reason to say so to a stranger. */
const GivenPassword = v.pipe(v.string(), v.maxLength(PASSWORD_CHARACTERS.max));
const NewPassword = v.pipe(
  v.string(),
  v.minLength(PASSWORD_CHARACTERS.min, `A password has at least ${PASSWORD_CHARACTERS.min} characters.`),
  v.maxLength(PASSWORD_CHARACTERS.max),
);
const Grant = v.pipe(v.string(), v.maxLength(64));

const SignInBody = v.strictObject({ name: Name, password: GivenPassword });
const NewPasswordBody = v.strictObject({ current: GivenPassword, password: NewPassword });
const InvitationBody = v.strictObject({ grant: Grant });
const AcceptBody = v.strictObject({ grant: Grant, password: NewPassword, name: v.nullish(Name, null) });
const BeginBody = v.strictObject({ grant: v.nullish(Grant, null) });
/** An issuer's code has some hundred characters, its description of an error perhaps a thousand. */
const ReturnedBody = v.strictObject({ returned: v.pipe(v.string(), v.maxLength(8192)) });
const NewPersonBody = v.strictObject({ name: Name, role: v.optional(v.picklist(ROLES), 'person') });
const NameBody = v.strictObject({ name: Name });

function reader<const S extends v.GenericSchema>(schema: S): (body: string) => v.InferOutput<S> {
  return (body) => validate(schema, parseJson(body));
}

/** All throw SluiceError `invalid_json`, `invalid_request`. */
export const readSignIn = reader(SignInBody);
export const readNewPassword = reader(NewPasswordBody);
export const readInvitation = reader(InvitationBody);
export const readAccepted = reader(AcceptBody);
/** Of a sign-in with an issuer: the grant of a link, if it was begun by one. */
export const readBegin = reader(BeginBody);
/** The query with which the issuer sent the browser back. */
export const readReturned = reader(ReturnedBody);
export const readNewPerson = reader(NewPersonBody);
/** Of a new list, or of a person with whom one is shared. */
export const readNameBody = reader(NameBody);

/** @throws SluiceError `invalid_request` */
export function checkName(name: unknown): string {
  return validate(Name, name);
}

/** Names that people take for the same one are the same. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
