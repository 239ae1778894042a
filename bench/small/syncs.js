/** Loaded before the server (`--syncs none`, `--syncs slow`): its syncs of files do nothing, or take 100 ms more. */
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const handle = await open(import.meta.filename);
const files = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['sync', 'datasync']) {
  const sync = files[name];
  files[name] = async function () {
    if (process.env.BENCH_SYNCS === 'none') return;
    await delay(100);
    await sync.call(this);
  };
}
