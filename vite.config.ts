import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { sluiceDev } from './scripts/dev-plugin.ts';

export default defineConfig({
  // How long each plugin took is no news to who only wants to start.
  build: { rolldownOptions: { checks: { pluginTimings: false } } },
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      emitTsDeclarations: true,
      // The same files for dev and build, overwritten in place: one may run beside the other.
      outputStructure: 'locale-modules',
      cleanOutdir: false,
      strategy: ['cookie', 'preferredLanguage', 'baseLocale'],
    }),
    sluiceDev(),
    sveltekit(),
  ],
});
