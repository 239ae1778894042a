/**
 * A child process that hosts objects and writes as fast as it can, for tests that kill it. Prints one line of
 * JSON for each acknowledged write; `ready` once the store is open.
 * argv: database file, first number to write.
 */
import { createEmbeddedHost, define } from '../../../src/lib/actors/durable/host.server.ts';
import { toSluiceError } from '../../../src/lib/protocol/error.ts';
import { Ledger } from './ledger.ts';

const [file = '', first = '0'] = process.argv.slice(2);
try {
  const host = createEmbeddedHost({
    storage: file,
    classes: { ledger: define(Ledger, null) },
    onError: (error) => {
      console.log(JSON.stringify({ error: toSluiceError(error).code }));
    },
  });
  console.log(JSON.stringify({ ready: true }));
  let number = Number(first);
  const write = async (id: string): Promise<never> => {
    for (;;) {
      const mine = number++;
      await host.get<Ledger>('ledger', id).call('enter', mine);
      // Synchronous to a pipe on Linux.
      process.stdout.write(`${JSON.stringify({ id, number: mine })}\n`);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(write));
} catch (error) {
  console.log(JSON.stringify({ error: toSluiceError(error).code }));
  process.exitCode = 1;
}
