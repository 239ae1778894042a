/** The real store with a log of its calls, and faults chosen by the test. */
import { openStore } from '../../../src/lib/actors/durable/storage.server.ts';
import type { Store } from '../../../src/lib/actors/durable/store.ts';
import type { SluiceError } from '../../../src/lib/protocol/error.ts';

export interface FaultyStore extends Store {
  readonly log: string[];
  /** The next commits fail with this error; null = they succeed. */
  fault: SluiceError | null;
}

export function openFaultyStore(file: string): FaultyStore {
  const store = openStore(file);
  const log: string[] = [];
  return {
    log,
    fault: null,
    get isDirty() {
      return store.isDirty;
    },
    get writes() {
      return store.writes;
    },
    rows: (name) => store.rows(name),
    attempt: (work) => store.attempt(work),
    commit() {
      if (this.fault !== null) {
        log.push('commit failed');
        throw this.fault;
      }
      store.commit();
      log.push('commit');
    },
    rollback: () => {
      store.rollback();
      log.push('rollback');
    },
    alarms: (limit) => store.alarms(limit),
    ids: (className, after, limit) => store.ids(className, after, limit),
    close: () => {
      store.close();
    },
  };
}
