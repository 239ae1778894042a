import adapter from '@sveltejs/adapter-node';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    // build/web holds the page and its handler; build/*.js are our own entry points (scripts/build.ts).
    adapter: adapter({ out: 'build/web', precompress: true }),
    // The edge checks Origin itself, before Kit and for the WebSocket too (src/lib/channel/origin.ts).
    csrf: { trustedOrigins: ['*'] },
    typescript: { config: (config) => ({ ...config, include: [] }) },
  },
};
