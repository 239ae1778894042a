import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { sluiceDev } from './scripts/dev-plugin.ts';
import { TEXTS } from './scripts/tools/texts.ts';

/**
 * What the page of downloads is made of stays in one piece, though the inspector uses parts of it: split between the
 * two, it was 80.3 kB gzipped for that page, in one piece 76.6 (77.8 before there was an inspector). The other pages' own
 * folders are left out of it.
 */
const PAGE = {
  name: 'page',
  test: /src\/lib\/(ui\/(add|dialogs|list|lookup|shell|state)|channel|protocol)\//,
};

export default defineConfig({
  // How long each plugin took is no news to who only wants to start.
  build: { rolldownOptions: { checks: { pluginTimings: false } } },
  environments: {
    client: { build: { rolldownOptions: { output: { codeSplitting: { groups: [PAGE] } } } } },
  },
  plugins: [paraglideVitePlugin(TEXTS), sluiceDev(), sveltekit()],
});
