/** `npm run generate`: what the sources import but nobody writes: the text functions, and Kit's types of the routes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compile } from '@inlang/paraglide-js';
import { TEXTS } from './tools/texts.ts';

const root = join(import.meta.dirname, '..');

process.chdir(root);
await compile(TEXTS);
const { status } = spawnSync(join(root, 'node_modules/.bin/svelte-kit'), ['sync'], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
