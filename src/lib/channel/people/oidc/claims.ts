/** What an issuer says of a person: who it is, how they are called here, and whether they may sign in. Pure. */
import { createHash } from 'node:crypto';
import { SluiceError } from '../../../protocol/error.ts';
import { checkName } from '../../../protocol/people.ts';

/** Of an ID token that was verified, and of the user info. */
export interface Claims {
  iss: string;
  sub: string;
  [name: string]: unknown;
}

/** `groups=media`: a claim that is this text, or a list with it. */
export interface Rule {
  claim: string;
  value: string;
}

export interface Identified {
  /** A hash of issuer and subject: names and addresses change hands, this pair does not (OpenID Connect Core, section 5.7). */
  identity: string;
  /** How they may be called, the best first. */
  names: [string, ...string[]];
}

/** @throws Error naming the first that is no rule */
export function parseRules(text: string): Rule[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, claim = '', value = ''] = /^([\w:/.-]+)=(.+)$/.exec(part) ?? [];
      if (claim === '') throw new Error(`${JSON.stringify(part)} is no CLAIM=VALUE.`);
      return { claim, value };
    });
}

/**
 * @param rules one of them has to hold; none = all that the issuer lets in
 * @throws SluiceError `not_admitted`
 */
export function identify(claims: Claims, rules: readonly Rule[]): Identified {
  if (rules.length > 0 && !rules.some((rule) => holds(rule, claims))) throw new SluiceError('not_admitted');
  const { iss, sub } = claims;
  const identity = createHash('sha256')
    .update(JSON.stringify([iss, sub]))
    .digest('base64url');
  const [first = isName(sub) ? sub : 'Person', ...others] = [
    claims['preferred_username'],
    verifiedEmail(claims),
  ].filter(isName);
  return { identity, names: [first, ...others] };
}

/** An address that nobody has verified can be anybody's. */
function verifiedEmail(claims: Claims): unknown {
  return claims['email_verified'] === true ? claims['email'] : undefined;
}

function holds({ claim, value }: Rule, claims: Claims): boolean {
  const said = claim === 'email' ? verifiedEmail(claims) : claims[claim];
  return Array.isArray(said) ? said.includes(value) : said !== undefined && said === value;
}

function isName(value: unknown): value is string {
  try {
    return checkName(value) === value;
  } catch {
    return false;
  }
}
