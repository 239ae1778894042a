/** What a person may tell a download, over the same API as everyone: an inspector has no way in of its own. */
import type { Action } from '../../../protocol/actions.ts';
import { paths } from '../../../protocol/paths.ts';
import { SluiceError } from '../../../protocol/error.ts';
import type { ErrorCode } from '../../../protocol/error.ts';

/** @returns what was thrown, or null when it was done */
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
