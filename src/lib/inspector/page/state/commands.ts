/** Actions on a download go through the public API: the inspector has no privileged access. */
import type { Action } from '../../../protocol/actions.ts';
import { paths } from '../../../protocol/paths.ts';
import { SluiceError } from '../../../protocol/error.ts';
import type { ErrorCode } from '../../../protocol/error.ts';

/** @returns the error, or null on success */
export async function sendAction(action: Action, download: string): Promise<unknown> {
  try {
    const response = await fetch(paths.action(download, action), { method: 'POST' });
    if (response.ok) return null;
    const { code, detail } = (await response.json()) as { code: ErrorCode; detail?: string };
    return new SluiceError(code, detail);
  } catch (thrown) {
    return thrown;
  }
}
