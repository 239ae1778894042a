/** A process that closes its watchdog once the thread has said that it runs, before it has heard so. Prints `closed`. */
import { startWatchdog } from '#lib/watchdog/watchdog.server.ts';

let shared: Int32Array | undefined;
const store = Atomics.store;
// The array is the watchdog's own: this catches it as it is filled.
Atomics.store = ((array: Int32Array, index: number, value: number) => {
  shared ??= array;
  return store(array, index, value);
}) as typeof Atomics.store;
const watchdog = startWatchdog({
  program: new URL('started-thread.ts', import.meta.url),
  historyPath: '/dev/null',
  logLevel: 'error',
  onError: (error) => console.error(error),
});
void watchdog.watch();
if (shared === undefined) throw new Error('The watchdog shares no memory.');
Atomics.wait(shared, 0, 0, 20_000);
await watchdog.close();
console.log('closed');
