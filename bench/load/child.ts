/** A part of a bench in a process of its own, so that its cost does not count as the server's. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

export class BenchChild {
  readonly #child: ChildProcess;

  /** @param file below bench/ */
  constructor(file: string, args: string[] = []) {
    this.#child = fork(join(import.meta.dirname, '..', file), args);
  }

  /** The next message. Rejects when the process ends before it. */
  async hear<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`a part of the bench ended with ${code}`));
      this.#child.once('exit', gone);
      this.#child.once('message', (message) => {
        this.#child.off('exit', gone);
        resolve(message as T);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: object | string): void {
    this.#child.send(message);
  }

  end(): void {
    this.#child.kill();
  }
}
