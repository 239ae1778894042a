import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { sluiceDev } from './scripts/dev-plugin.ts';
import { TEXTS } from './scripts/tools/texts.ts';

export default defineConfig({
  // How long each plugin took is no news to who only wants to start.
  build: { rolldownOptions: { checks: { pluginTimings: false } } },
  plugins: [paraglideVitePlugin(TEXTS), sluiceDev(), sveltekit()],
});
