/** What a list keeps secret for the site of a job, as yt-dlp gets it: on its standard input, which nobody else can look at. */
import type { SignIns } from '../http/client/client-context.ts';

/**
 * Nothing where nothing is kept for the origin of that address. Other origins get nothing: whoever writes a page would else choose
 * which secrets a run has in its memory.
 * @throws SluiceError `secret_unreadable`
 */
export function signInInput(url: string, signIns: SignIns | null): { input?: string } {
  const address = URL.parse(url);
  const headers = address === null ? undefined : signIns?.headersFor(address);
  if (address === null || headers === undefined || Object.keys(headers).length === 0) return {};
  return { input: JSON.stringify({ [address.origin]: headers }) };
}
