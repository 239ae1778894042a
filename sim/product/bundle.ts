/** The product's sources as one script; its module variables are put back at each start of a simulated process. */
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { Mutation } from '../mutations.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * `mime` is part of the script: it has only a default export, which `require` returns in a shape of its own.
 * @param mutation a mistake to put in; null = as it is
 */
export async function bundleProduct(mutation: Mutation | null): Promise<string> {
  let hasMutated = mutation === null;
  const build = await rolldown({
    input: join(import.meta.dirname, 'entry.ts'),
    platform: 'node',
    tsconfig: false,
    external: (id) => !/^(?:[./]|#lib\/|mime(?:$|\/))/.test(id),
    transform: { define: { 'import.meta.url': '"file:///product.ts"', 'import.meta.dirname': '"/"' } },
    logLevel: 'silent',
    plugins: [
      {
        name: 'state of processes',
        transform: (code, id) => (id.startsWith(join(ROOT, 'src/')) ? withResets(code) : null),
      },
      {
        name: 'mutation',
        transform(code, id) {
          if (mutation === null || id !== join(ROOT, mutation.file)) return null;
          if (!code.includes(mutation.from))
            throw new Error(`${mutation.name}: ${mutation.file} has changed.`);
          hasMutated = true;
          return code.replace(mutation.from, () => mutation.to);
        },
      },
    ],
  });
  const { output } = await build.generate({ format: 'cjs', sourcemap: false });
  await build.close();
  if (!hasMutated) throw new Error(`${mutation?.name}: ${mutation?.file} is not part of the simulation.`);
  return output[0].code;
}

/** A variable of a module, in one line. */
const VARIABLE =
  /^(?:let (\w+)(: [^=\n]+)? = (.*);|const (\w+)(: [^=\n]+)? = (new (?:Map|Set|ReceivedTexts)\b(?:<.*>)?\(\));)$/gm;

/** Has all that a module keeps by itself put back to its first value when a process starts. */
function withResets(code: string): string {
  return code.replace(VARIABLE, (...found: (string | undefined)[]) => {
    const [, letName, letType, letValue, constName, constType, constValue] = found;
    const [name, type, value] = [letName ?? constName, letType ?? constType ?? '', letValue ?? constValue];
    return `let ${name}${type} = ${value}; resetAtStart(() => { ${name} = ${value}; });`;
  });
}
