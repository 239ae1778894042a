/** The one small shell that outlives the server by a moment, to end what it left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import { withoutInherited } from './inherited.server.ts';
import { WATCHER } from './scripts.ts';

export interface Watcher {
  /** Resolves once the watcher's pipe holds the word: from then on the group cannot outlive us. */
  add(group: number): Promise<void>;
  remove(group: number): void;
  close(): Promise<void>;
}

/** Starts nothing before the first group. A watcher that dies is replaced, and told of every group again. */
export function createWatcher(instance: string): Watcher {
  const groups = new Set<number>();
  let shell: ChildProcess | null = null;
  let closed = false;

  function start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', WATCHER, 'sluice-watcher', instance], {
      detached: true,
      stdio: withoutInherited(['pipe', 'ignore', 'ignore']),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
    // A program that has nothing else to do may end: that closes the pipe too.
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    child.stdin?.on('error', () => undefined);
    child.on('error', () => undefined);
    child.on('exit', () => {
      if (shell === child) shell = null;
      if (closed || shell !== null || groups.size === 0) return;
      // Not at once: where shells die at birth, replacing them must not eat the machine.
      setTimeout(() => {
        if (!closed && shell === null) sayAll().catch(() => undefined);
      }, 20).unref();
    });
    return child;
  }

  function sayAll(): Promise<void> {
    return say([...groups].map((group) => `+ ${group}\n`).join(''));
  }

  function say(words: string): Promise<void> {
    shell ??= start();
    const stdin = shell.stdin as Writable;
    return new Promise((resolve, reject) => {
      stdin.write(words, (error) => (error ? reject(error) : resolve()));
    });
  }

  return {
    async add(group) {
      groups.add(group);
      // A second try, for the case that the first shell has just died.
      await say(`+ ${group}\n`)
        .catch(() => {
          shell = null;
          return sayAll();
        })
        .catch((cause: unknown) => {
          groups.delete(group);
          throw new SluiceError('engine_exit', 'The watcher of the engines cannot be started.', { cause });
        });
    },
    remove(group) {
      groups.delete(group);
      if (shell) say(`- ${group}\n`).catch(() => undefined);
    },
    async close() {
      closed = true;
      const child = shell;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.ref();
      child.stdin?.end();
      await exited;
    },
  };
}
