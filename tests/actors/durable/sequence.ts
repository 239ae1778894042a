/**
 * A child process that creates a store, writes a number of entries one after the other, and closes it: the same
 * system calls each time, so that tests can kill it at any of them. Prints the number of each acknowledged entry.
 * argv: database file, first number, how many.
 */
import { writeSync } from 'node:fs';
import { createEmbeddedHost, define } from '../../../src/lib/actors/durable/host.server.ts';
import { Ledger } from './ledger.ts';

const [file = '', first = '0', count = '0'] = process.argv.slice(2);
const host = createEmbeddedHost({
  storage: file,
  classes: { ledger: define(Ledger, null) },
  onError: (error) => {
    throw error;
  },
});
const ledger = host.get<Ledger>('ledger', 'a');
for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
  // Synchronous and unbuffered: printed before the next write.
  writeSync(1, `${await ledger.call('enter', number)}\n`);
}
await host.close();
