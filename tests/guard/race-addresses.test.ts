import { Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { raceAddresses } from '#lib/guard/race-addresses.server.ts';
import { UnreachableError } from '#lib/protocol/unreachable.ts';
import { settles } from '../support/wait.ts';

/** In which order addresses that all refuse at once are dialled. */
async function orderOf(addresses: string[]): Promise<string[]> {
  const dialled: string[] = [];
  const dial = (address: string): Socket => {
    dialled.push(address);
    const socket = new Socket();
    queueMicrotask(() => socket.destroy(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })));
    return socket;
  };
  const race = raceAddresses({ host: 'a.example:80', addresses, dial, connectTimeoutMs: 1000 });
  const error = await settles(race.catch((thrown: unknown) => thrown));
  assert.instance(error, UnreachableError);
  return dialled;
}

test('families take turns, beginning with that of the first address', async () => {
  assert.equal(await orderOf(['::a', '::b', '1.1.1.1']), ['::a', '1.1.1.1', '::b']);
  assert.equal(await orderOf(['1.1.1.1', '::a', '::b', '::c', '2.2.2.2']), [
    ...['1.1.1.1', '::a', '2.2.2.2', '::b', '::c'],
  ]);
  assert.equal(await orderOf(['1.1.1.1', '2.2.2.2']), ['1.1.1.1', '2.2.2.2']);
  assert.equal(await orderOf(['::a']), ['::a']);
  assert.equal(await orderOf([]), []);
});

test.run();
