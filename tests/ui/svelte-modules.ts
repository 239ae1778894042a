/**
 * Lets Node import `.svelte.ts` modules, as the page runs them: types stripped, runes compiled for the browser.
 * Import this first, then the module with `await import()`.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileModule } from 'svelte/compiler';

registerHooks({
  resolve(specifier, context, next) {
    // Node would import Svelte's server build, which has no reactivity.
    if (specifier === 'svelte' || specifier.startsWith('svelte/')) {
      return next(specifier, { ...context, conditions: ['browser', ...context.conditions] });
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.svelte.ts')) return next(url, context);
    const filename = fileURLToPath(url);
    const source = stripTypeScriptTypes(readFileSync(filename, 'utf8'));
    const { js } = compileModule(source, { filename, generate: 'client' });
    return { format: 'module', source: js.code, shortCircuit: true };
  },
});
