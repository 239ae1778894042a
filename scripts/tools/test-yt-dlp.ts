/** Installs yt-dlp with the product's own installer: a pinned version, hash-checked, once. */
import { toolPath } from '../../tests/support/tools.ts';
import { YT_DLP_HOME, ytDlpMissing } from '../../tests/support/yt-dlp.ts';

const INSTALL_DEADLINE_MS = 10 * 60_000;

/** Never fails the run: without a network or python3 the tests that need it are skipped, and say so. */
export async function prepareYtDlp(): Promise<void> {
  if (ytDlpMissing() === null || toolPath('python3') === null) return;
  console.log('The tests need yt-dlp. Installing the pinned version from PyPI into .cache/');
  const lines: string[] = [];
  try {
    // Imported here, so that the test runner starts even if the sources are broken.
    const { installYtDlp } = await import('../../src/lib/annie/yt-dlp/install.server.ts');
    await installYtDlp({
      dataDir: YT_DLP_HOME,
      onLine: (line) => lines.push(line),
      signal: AbortSignal.timeout(INSTALL_DEADLINE_MS),
    });
  } catch (error) {
    console.log(`yt-dlp could not be installed: ${String(error)}`);
    for (const line of lines.slice(-5)) console.log(`  ${line}`);
  }
}
