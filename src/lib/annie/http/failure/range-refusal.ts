/** Whether a successful answer to a range is a refusal of it, in words or by an empty body. Pure. */
import { isAttachment } from '../head/disposition.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { isShortText, isPageType } from '../content/classify.ts';
import { contentLengthOf, contentTypeOf } from '../head/head.ts';
import { isLateAnswer } from './late-failure.ts';
import { namesBytes } from '../head/names.ts';

type Answer = Pick<HttpResponse, 'status' | 'head' | 'waitedMs'>;

/** A file of no bytes was sent: only the same without a range says that it has none. */
export function isEmptyAnswer({ status, head, waitedMs }: Answer): boolean {
  return status === 200 && contentLengthOf(head) === 0 && !isLateAnswer(waitedMs);
}

/** A page or a few words were sent where the address names a file of another kind. @param asked before redirects */
export function isTextAnswer(asked: string, { status, head, waitedMs }: Answer): boolean {
  if (status !== 200 || !namesBytes(asked) || isLateAnswer(waitedMs)) return false;
  if (isAttachment(head.get('content-disposition'))) return false;
  return isPageType(contentTypeOf(head) ?? '') || isShortText(head);
}
