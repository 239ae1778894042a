/**
 * workerd, for the tests of the second host. It is 160 MB: `npm test` installs a pinned version into .cache/, and
 * `npm install` does not. The package of the platform holds the program itself and needs no install script.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '1.20261117.1';
const PACKAGES: Record<string, string> = {
  'linux x64': '@cloudflare/workerd-linux-64',
  'linux arm64': '@cloudflare/workerd-linux-arm64',
  'darwin x64': '@cloudflare/workerd-darwin-64',
  'darwin arm64': '@cloudflare/workerd-darwin-arm64',
};
const PACKAGE = PACKAGES[`${process.platform} ${process.arch}`];

/** The npm arguments that install it, for the root of the repository; null if there is no workerd for this platform. */
export const WORKERD_INSTALL =
  PACKAGE === undefined
    ? null
    : `install --prefix .cache/workerd --no-save --no-package-lock --ignore-scripts ${PACKAGE}@${VERSION}`;

/** The program of the pinned version, or null. */
export function workerdPath(): string | null {
  if (PACKAGE === undefined) return null;
  const folder = join(import.meta.dirname, '../../.cache/workerd/node_modules', PACKAGE);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return null;
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version === VERSION ? join(folder, 'bin/workerd') : null;
}

/** Why tests cannot run workerd, with the remedy, or null. For `testUnless`. */
export function workerdMissing(): string | null {
  if (WORKERD_INSTALL === null) return `there is no workerd for ${process.platform} ${process.arch}`;
  return workerdPath() === null ? `workerd is not installed; type: npm ${WORKERD_INSTALL}` : null;
}
