/** How the catalogue becomes functions: the same for the build, the dev server and `npm run check`. */
import type { CompilerOptions } from '@inlang/paraglide-js';

export const TEXTS = {
  project: './project.inlang',
  outdir: './src/lib/paraglide',
  emitTsDeclarations: true,
  // The same files for all three, overwritten in place: one may run beside the other.
  outputStructure: 'locale-modules',
  cleanOutdir: false,
  strategy: ['cookie', 'preferredLanguage', 'baseLocale'],
} satisfies CompilerOptions;
