/** Checks that engines do not outlive their server, nor process groups their leader. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import { groupLives, instanceOf, type MarkedProcess, markedProcesses } from './processes.ts';

/** The limit that the product promises. */
export const ORPHAN_MS = 2_000;
const LOOK_MS = 5;

export class OrphanWatch {
  readonly #runDir: string;
  /** Instances whose server is dead. */
  readonly #dead = new Set<string>();
  /** ms from SIGKILL of a server until none of its processes was alive. */
  readonly orphanMs: number[] = [];
  /** ms from SIGKILL of an engine's leader until its group was gone. */
  readonly groupMs: number[] = [];
  readonly trouble: string[] = [];

  constructor(dataDir: string) {
    this.#runDir = join(dataDir, 'run');
  }

  /** The processes of the current server, without those of earlier or other servers. */
  living(): MarkedProcess[] {
    // without this file, the server died too early to have started anything
    if (!existsSync(join(this.#runDir, 'key'))) return [];
    const ours = markedProcesses([`${instanceKey(this.#runDir)}-`]);
    return ours.filter((each) => !this.#dead.has(instanceOf(each)));
  }

  /**
   * After the time limit no process of a killed server may be alive: neither with its mark nor in its groups.
   * @param before the result of `living` just before the kill
   */
  async serverKilled(killedAt: number, before: MarkedProcess[]): Promise<void> {
    const groups = [...new Set(before.map(({ group }) => group))];
    for (const engine of before) this.#dead.add(instanceOf(engine));
    const marks = [...new Set(before.map((engine) => `${instanceOf(engine)}.`))];
    for (;;) {
      const left = marks.length === 0 ? [] : markedProcesses(marks);
      const living = groups.filter(groupLives);
      const ms = performance.now() - killedAt;
      if (left.length === 0 && living.length === 0) {
        if (before.length > 0) this.orphanMs.push(ms);
        return;
      }
      if (ms > ORPHAN_MS) {
        const who = left.map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`);
        this.trouble.push(`orphans after ${Math.round(ms)} ms: ${who.join('; ')}, groups ${living.join()}`);
        return;
      }
      await delay(LOOK_MS);
    }
  }

  /** The leader of a process group was killed: the rest has to end too. */
  async leaderKilled(killedAt: number, { group, command }: MarkedProcess): Promise<void> {
    for (;;) {
      const ms = performance.now() - killedAt;
      if (!groupLives(group)) return void this.groupMs.push(ms);
      if (ms > ORPHAN_MS) {
        return void this.trouble.push(
          `the group of a killed engine lives after ${Math.round(ms)} ms: ${command}`,
        );
      }
      await delay(LOOK_MS);
    }
  }
}
