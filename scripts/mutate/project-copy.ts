/**
 * A copy of the project for mutations, so that nothing is written into the work tree. In the temporary
 * folder, as Node does not strip types below `node_modules`.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runTestFile, type TestOutcome } from '../tools/test-child.ts';

/** Linked instead of copied: large, and tests do not write into them. */
const LINKED = ['node_modules', '.cache'];
const LEFT_OUT = ['.git', 'build', '.svelte-kit', ...LINKED];

export class ProjectCopy {
  /** The folder of the copy. */
  readonly root: string;
  readonly #from: string;
  readonly #scratch: string;
  /** The copied text of overwritten files: the work tree may change meanwhile. */
  readonly #originals = new Map<string, string>();

  constructor(from: string, temp: string) {
    this.#from = from;
    this.#scratch = mkdtempSync(join(temp, 'mutate-'));
    // As in `npm test`: some tests start programs as an ordinary user, who needs access.
    chmodSync(this.#scratch, 0o711);
    this.root = join(this.#scratch, 'tree');
    mkdirSync(this.root);
    for (const name of readdirSync(from)) {
      if (LINKED.includes(name)) symlinkSync(join(from, name), join(this.root, name));
      else if (!LEFT_OUT.includes(name)) cpSync(join(from, name), join(this.root, name), { recursive: true });
    }
  }

  write(file: string, text: string): void {
    const path = join(this.root, file);
    if (!this.#originals.has(file) && existsSync(path)) this.#originals.set(file, readFileSync(path, 'utf8'));
    writeFileSync(path, text);
  }

  /** Makes the command and the server run from the copied sources, with the page that was built in the work tree. */
  runFromSources(): void {
    this.write('bin/sluice.js', `#!/usr/bin/env node\nawait import('../src/cli.ts');\n`);
    symlinkSync(join(this.#from, 'build/web'), join(this.root, 'src/web'));
  }

  restore(file: string): void {
    this.write(file, this.#originals.get(file) ?? '');
  }

  async run(path: string, deadlineMs: number): Promise<TestOutcome> {
    const temp = join(this.#scratch, 't');
    mkdirSync(temp);
    const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: temp, NO_COLOR: '1' };
    delete env['FORCE_COLOR'];
    try {
      return await runTestFile({ path, deadlineMs }, { cwd: this.root, env });
    } finally {
      this.#killLeftovers();
      rmSync(temp, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  close(): void {
    this.#killLeftovers();
    rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Kills processes that a mutant left running: engines have process groups of their own. Only on Linux. */
  #killLeftovers(): void {
    const pids = existsSync('/proc/self/cwd')
      ? readdirSync('/proc').filter((name) => /^\d+$/.test(name))
      : [];
    for (const pid of pids) {
      try {
        const isOurs =
          readlinkSync(`/proc/${pid}/cwd`).startsWith(this.#scratch) ||
          readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`=${this.#scratch}/`);
        if (isOurs) process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended meanwhile, or belongs to another user.
      }
    }
  }
}

/** Runs `work` for each item, with one item at a time in each copy. */
export async function distribute<T>(
  copies: ProjectCopy[],
  all: T[],
  work: (copy: ProjectCopy, one: T) => Promise<void>,
): Promise<void> {
  const queue = [...all];
  await Promise.all(
    copies.map(async (copy) => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(copy, one);
    }),
  );
}
