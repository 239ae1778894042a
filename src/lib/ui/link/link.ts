/** Reads and opens a link to a list or to the inspector, whose grant is in the fragment. */
import { paths } from '../../protocol/paths.ts';
import type { LinkView, OpenedLink } from '../../protocol/session.ts';
import { callApi } from '../call-api.ts';

/** @returns null without a grant */
export function grantIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('grant');
}

/** Does not use up the link. @throws SluiceError `link_used`, `connect_failed` and other errors of the server */
export function readLink(grant: string): Promise<LinkView> {
  return callApi('POST', paths.readLink, { grant });
}

/** Uses up the link. @throws SluiceError as `readLink`, `forbidden_origin`, `too_many_devices` */
export function openLink(grant: string): Promise<OpenedLink> {
  return callApi('POST', paths.openLink, { grant });
}
