import { policyNamed } from '../../protocol/referrer-policy.ts';
import type { PageGroup } from './groups.ts';
import type { Attributes } from './tags.ts';

export type ElementPolicy = Pick<PageGroup, 'referrerPolicy'>;

/** Of a link (https://html.spec.whatwg.org/#following-hyperlinks); empty = it has none of its own. */
export function policyOf(attributes: Attributes): ElementPolicy {
  const isHidden = /(^|\s)noreferrer(\s|$)/i.test(attributes.get('rel') ?? '');
  const policy = isHidden ? 'no-referrer' : policyNamed(attributes.get('referrerpolicy'));
  return policy === null ? {} : { referrerPolicy: policy };
}
