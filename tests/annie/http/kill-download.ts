/** A download in its own process that is killed in the middle of its file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BODY_FILE } from '#lib/annie/http/file/saved-state.server.ts';
import { settles, waitFor } from '../../support/wait.ts';

export const STATE_FILE = 'http-state.json';

/** Downloads `url` into `workDir` and sends SIGKILL once the saved state, a file in it, and its body satisfy `isReady`. */
export async function killWhen(
  url: string,
  workDir: string,
  isReady: (state: string, bodyBytes: number) => boolean | Promise<boolean>,
  stateFile = STATE_FILE,
): Promise<void> {
  const script = join(import.meta.dirname, 'fetch-child.ts');
  const child = spawn(process.execPath, ['-C', 'development', script, url, workDir], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const state = (): Promise<string> => readFile(join(workDir, stateFile), 'utf8').catch(() => '');
  const bodyBytes = (): Promise<number> =>
    stat(join(workDir, BODY_FILE)).then(
      ({ size }) => size,
      () => 0,
    );
  await waitFor(async () => isReady(await state(), await bodyBytes()), {
    what: 'the saved state to be ready',
  });
  child.kill('SIGKILL');
  await settles(exit);
}
