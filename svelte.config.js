import adapter from '@sveltejs/adapter-node';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    // build/web holds the page and its handler; build/*.js are our own entry points (scripts/build.ts).
    // The prefix keeps a PORT or ORIGIN that is meant for something else out of it (src/server/page.ts).
    adapter: adapter({ out: 'build/web', precompress: true, envPrefix: 'SLUICE_WEB_' }),
    // The edge checks Origin itself, before Kit and for the WebSocket too (src/lib/channel/origin.ts).
    csrf: { trustedOrigins: ['*'] },
    csp: {
      mode: 'nonce',
      directives: {
        'default-src': ['none'],
        'script-src': ['self'],
        'style-src': ['self'],
        // Svelte writes `style:` directives into the first HTML as attributes, for which there is no nonce.
        'style-src-attr': ['unsafe-inline'],
        'img-src': ['self', 'data:'],
        'font-src': ['self'],
        'connect-src': ['self'],
        'manifest-src': ['self'],
        'worker-src': ['self'],
        'base-uri': ['none'],
        'form-action': ['self'],
        'frame-ancestors': ['none'],
      },
    },
    typescript: { config: (config) => ({ ...config, include: [] }) },
  },
};
