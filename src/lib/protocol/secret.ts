/** What a list keeps secret: for now how to sign in to sites. Written over the API and never read back. */
import * as v from 'valibot';
import { parseJson, validate } from './commands.ts';
import { SluiceError } from './error.ts';

/** Sent to one origin with each request. */
export type SiteSignIn =
  | { kind: 'basic'; username: string; password: string }
  /** @example `{ kind: 'header', header: 'X-Api-Key', value: '…' }` */
  | { kind: 'header'; header: string; value: string };

/** As a list stores it: nothing in it opens without the server's key. */
export interface StoredSecret {
  /** The origin that it is for, such as `https://host.example`. */
  site: string;
  /** Epoch ms. */
  updatedAt: number;
  /** Encrypted. */
  sealed: string;
}

/** What the edge asks of a session. */
export type SecretChange =
  { type: 'put'; name: string; secret: StoredSecret } | { type: 'remove'; name: string };

/** Response of `GET /api/secrets`, by name. */
export interface SecretList {
  secrets: SecretView[];
}

export interface SecretView {
  name: string;
  site: string;
  updatedAt: string;
  /** Why it cannot be used: it was encrypted with another key. Absent = it can. */
  error?: 'secret_unreadable';
}

/** In one list. */
export const MAX_SECRETS = 64;

const MAX_VALUE_CHARACTERS = 4096;
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
/** Source: RFC 9110, section 5.6.2. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,64}$/;
/** What the connection and the engine itself say; cookies are the site's to set. */
const OUR_HEADERS =
  /^(?:host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|range|if-.*|accept-encoding|cookie|proxy-.*|sec-.*)$/i;

const Text = v.pipe(v.string(), v.maxLength(MAX_VALUE_CHARACTERS));
const Body = v.variant('kind', [
  v.strictObject({
    site: v.pipe(v.string(), v.maxLength(2048)),
    kind: v.literal('basic'),
    // Source: RFC 7617, section 2.
    username: v.pipe(Text, v.regex(/^[^:\p{Cc}]*$/u, 'A user name has no colon.')),
    password: v.pipe(Text, v.regex(/^\P{Cc}*$/u, 'A password has no control characters.')),
  }),
  v.strictObject({
    site: v.pipe(v.string(), v.maxLength(2048)),
    kind: v.literal('header'),
    header: v.pipe(
      v.string(),
      v.regex(HEADER_NAME),
      v.check((name) => !OUR_HEADERS.test(name), 'That header is not for a sign-in.'),
    ),
    // Source: RFC 9110, section 5.5; undici takes no more.
    value: v.pipe(Text, v.nonEmpty(), v.regex(/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/)),
  }),
]);

export interface SecretFields {
  site: string;
  signIn: SiteSignIn;
}

/**
 * The body of `PUT /api/secrets/NAME`.
 * @throws SluiceError `invalid_json`, `invalid_request`
 */
export function readSecretBody(body: string): SecretFields {
  return readSecretFields(parseJson(body));
}

/** @throws SluiceError `invalid_request`; its message never holds a value */
export function readSecretFields(json: unknown): SecretFields {
  const { site, ...signIn } = validateQuietly(json);
  return { site: readSite(site), signIn };
}

/** @throws SluiceError `invalid_request` */
export function checkSecretName(name: string): string {
  if (NAME.test(name)) return name;
  throw new SluiceError(
    'invalid_request',
    'A name has up to 64 letters, digits, dots, dashes or underscores.',
  );
}

/** Messages of valibot quote what they got. */
function validateQuietly(json: unknown): v.InferOutput<typeof Body> {
  try {
    return validate(Body, json);
  } catch (thrown) {
    const field = /^(site|kind|username|password|header|value): /.exec((thrown as Error).message)?.[1];
    const what = field === undefined ? 'This is no sign-in for a site' : `${field}: this cannot be used`;
    throw new SluiceError('invalid_request', `${what}; docs/protocol.md has an example.`);
  }
}

/** Any address of the site will do. */
function readSite(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  const isSite = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (isSite && url.host !== '') return url.origin;
  throw new SluiceError('invalid_request', 'site: an address such as https://host.example, without a login.');
}
