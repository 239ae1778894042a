import type { Test } from 'uvu';

/**
 * Registers a test, or, if `reason` is not null, a skipped test: the runner repeats the printed line in its
 * summary. The reason names the missing tool and the command that installs it.
 */
export function testUnless(test: Test, reason: string | null, name: string, body: () => unknown): void {
  if (reason === null) {
    test(name, async () => {
      await body();
    });
    return;
  }
  console.log(`SKIP ${name}: ${reason}`);
  test.skip(name, async () => {});
}
