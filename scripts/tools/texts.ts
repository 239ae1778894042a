/** How the message catalogue is compiled: the same for the build, the dev server and `npm run check`. */
import type { CompilerOptions } from '@inlang/paraglide-js';

export const TEXTS = {
  project: './project.inlang',
  outdir: './src/lib/paraglide',
  emitTsDeclarations: true,
  // One file for each message, so that each page bundles only its own. Overwritten in place: builds may run side by side.
  outputStructure: 'message-modules',
  cleanOutdir: false,
  strategy: ['cookie', 'preferredLanguage', 'baseLocale'],
} satisfies CompilerOptions;
