/** Downloads that receive a byte a second, on a virtual clock. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import { type EngineCall, type Fixture, nextTurns } from './fixture.ts';

export const STEP_MS = 5_000;

const received = new WeakMap<EngineCall, number>();

/** Lets virtual time pass while these receive a byte a second. */
export async function drip(
  fixture: Pick<Fixture, 'clock'>,
  ms: number,
  calls: readonly EngineCall[],
): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    for (const call of calls) {
      if (call.job.signal.aborted) continue;
      await writeFile(join(call.job.workDir, 'half'), 'half');
      call.sample((received.get(call) ?? 0) + 5);
      received.set(call, (received.get(call) ?? 0) + 5);
    }
    fixture.clock.increment(STEP_MS);
    await nextTurns();
  }
}

/** Its checks take no time: while they are under way, virtual time would pass too soon for them. */
class PromptRoot extends DownloadRoot {
  override check(): Promise<void> {
    return Promise.resolve();
  }
}
export const PROMPT_ROOT = new PromptRoot({ dir: '', file: null, known: null, log: () => undefined });
