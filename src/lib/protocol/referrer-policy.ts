/** Referrer policies, as pages and servers name them (https://www.w3.org/TR/referrer-policy/). Pure. */
export const REFERRER_POLICIES = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const;
export type ReferrerPolicy = (typeof REFERRER_POLICIES)[number];

/** Of the names in a header, later ones are for clients that know more. */
const MAX_TOKENS = 32;

/** Older names that `<meta name=referrer>` may have (https://html.spec.whatwg.org/#meta-referrer). */
const LEGACY: Partial<Record<string, ReferrerPolicy>> = {
  never: 'no-referrer',
  default: 'strict-origin-when-cross-origin',
  always: 'unsafe-url',
  'origin-when-crossorigin': 'origin-when-cross-origin',
};

/** Of an attribute `referrerpolicy`; null = none, or an unknown one. */
export function policyNamed(text: string | undefined): ReferrerPolicy | null {
  const name = text?.toLowerCase();
  return REFERRER_POLICIES.find((policy) => policy === name) ?? null;
}

/** Of the field Referrer-Policy: the last name that is known (section 8.1). Null = there is none. */
export function policyInHeader(field: string | undefined): ReferrerPolicy | null {
  const tokens = (field ?? '').split(',', MAX_TOKENS).map((token) => policyNamed(token.trim()));
  return tokens.findLast((policy) => policy !== null) ?? null;
}

/** Of `<meta name=referrer>`; null = unknown, so that an earlier one stays. */
export function policyInMeta(content: string | undefined): ReferrerPolicy | null {
  const name = (content ?? '').trim().toLowerCase();
  return LEGACY[name] ?? policyNamed(name);
}
