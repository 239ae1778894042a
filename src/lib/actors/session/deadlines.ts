/**
 * An actor has one alarm; a session has many things to wake for. They stand in storage under `due/TIME/NAME`, and
 * the alarm is set to the earliest.
 */
import type { DurableStorage } from '../durable/types.ts';

const BATCH = 100;

export class Deadlines {
  readonly #storage: DurableStorage;

  constructor(storage: DurableStorage) {
    this.#storage = storage;
  }

  /** @param at ms since 1970 */
  async set(name: string, at: number): Promise<void> {
    await this.#storage.put(key(name, at), name);
    const alarm = await this.#storage.getAlarm();
    if (alarm === null || alarm > at) await this.#storage.setAlarm(at);
  }

  /** Names whose time has come, earliest first; each is taken once. */
  async take(now: number): Promise<string[]> {
    const due = await this.#storage.list<string>({ prefix: 'due/', end: key('', now + 1), limit: BATCH });
    if (due.size > 0) await this.#storage.delete([...due.keys()]);
    const [next] = (await this.#storage.list<string>({ prefix: 'due/', limit: 1 })).keys();
    if (next !== undefined) await this.#storage.setAlarm(timeOf(next));
    return [...due.values()];
  }
}

/** 15 digits of ms: as text, keys sort by time until the year 33658. */
function key(name: string, at: number): string {
  return `due/${String(Math.ceil(at)).padStart(15, '0')}/${name}`;
}

function timeOf(deadlineKey: string): number {
  return Number(deadlineKey.split('/')[1]);
}
