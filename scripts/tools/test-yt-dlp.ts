/** Installs yt-dlp with the product's own installer: a pinned version, hash-checked, once. */
import { toolPath } from '../../tests/support/tools.ts';
import { YT_DLP_HOME } from '../../tests/support/yt-dlp.ts';

const INSTALL_DEADLINE_MS = 10 * 60_000;

/** Never fails the run: without a network or python3 the tests that need it are skipped, and say so. */
export async function prepareYtDlp(): Promise<void> {
  if (toolPath('python3') === null) return;
  const lines: string[] = [];
  const onLine = (line: string): void => {
    // One line says that it is there already, several that it is being installed.
    if (lines.push(line) === 2)
      console.log('The tests need yt-dlp. Installing the pinned version from PyPI into .cache/');
  };
  try {
    // Imported here, so that the test runner starts even if the sources are broken.
    const { installYtDlp } = await import('../../src/lib/annie/yt-dlp/install.server.ts');
    await installYtDlp({
      dataDir: YT_DLP_HOME,
      onLine,
      signal: AbortSignal.timeout(INSTALL_DEADLINE_MS),
    });
  } catch (error) {
    console.log(`yt-dlp could not be installed: ${String(error)}`);
    for (const line of lines.slice(-5)) console.log(`  ${line}`);
  }
}
