/** The one small shell that outlives the server for a moment, to kill the engines that are left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import { stdioWithoutInherited } from './inherited-fds.server.ts';
import { programText } from './program-text.server.ts';

const WATCHER = programText('watcher.sh', import.meta.url);

/** Starts its shell with the first group. A shell that dies is replaced, and given every group again. */
export class Watcher {
  readonly #serverId: string;
  readonly #groups = new Set<number>();
  #shell: ChildProcess | null = null;
  #closed = false;

  constructor(serverId: string) {
    this.#serverId = serverId;
  }

  /** Resolves once the pipe holds the line: from then on the group cannot outlive the server. */
  async add(group: number): Promise<void> {
    this.#groups.add(group);
    // Tried again in case that the shell has just died.
    await this.#write(`+ ${group}\n`)
      .catch(() => {
        this.#shell = null;
        return this.#writeAll();
      })
      .catch((cause: unknown) => {
        this.#groups.delete(group);
        throw new SluiceError('engine_exit', 'The watcher of the engines cannot be started.', { cause });
      });
  }

  remove(group: number): void {
    this.#groups.delete(group);
    if (this.#shell) this.#write(`- ${group}\n`).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const shell = this.#shell;
    if (!shell || shell.exitCode !== null || shell.signalCode !== null) return;
    const exited = once(shell, 'exit');
    shell.ref();
    shell.stdin?.end();
    await exited;
  }

  #start(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', WATCHER, 'sluice-watcher', this.#serverId], {
      detached: true,
      stdio: stdioWithoutInherited(['pipe', 'ignore', 'ignore']),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
    // A program that has nothing else to do may end: that closes the pipe too.
    shell.unref();
    (shell.stdin as unknown as { unref(): void }).unref();
    shell.stdin?.on('error', () => undefined);
    shell.on('error', () => undefined);
    shell.on('exit', () => {
      if (this.#shell === shell) this.#shell = null;
      if (this.#closed || this.#shell !== null || this.#groups.size === 0) return;
      // Not at once: where shells die as soon as they start, replacing them must not take all CPU.
      setTimeout(() => {
        if (!this.#closed && this.#shell === null) this.#writeAll().catch(() => undefined);
      }, 20).unref();
    });
    return shell;
  }

  #writeAll(): Promise<void> {
    return this.#write([...this.#groups].map((group) => `+ ${group}\n`).join(''));
  }

  #write(lines: string): Promise<void> {
    this.#shell ??= this.#start();
    const stdin = this.#shell.stdin as Writable;
    return new Promise((resolve, reject) => {
      stdin.write(lines, (error) => (error ? reject(error) : resolve()));
    });
  }
}
