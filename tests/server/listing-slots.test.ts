import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EngineCommand, EngineExit, ProcessHost } from '#lib/process/process-host.ts';
import { withListingSlots } from '../../src/server/listing-slots.ts';
import { settles } from '../support/wait.ts';

const EXIT: EngineExit = { exitCode: 0, signal: null, durationMs: 1 };

/** Records what is run; a run ends when it is told to. */
function open(): { processes: ProcessHost; names: string[]; end: ((exit: EngineExit) => void)[] } {
  const names: string[] = [];
  const end: ((exit: EngineExit) => void)[] = [];
  const processes: ProcessHost = {
    run({ argv: [name = ''] }) {
      names.push(name);
      return new Promise((resolve) => end.push(resolve));
    },
    close: () => Promise.resolve(),
  };
  return { processes, names, end };
}

const command = (name: string, signal = new AbortController().signal): EngineCommand => ({
  ...{ argv: [name], cwd: '/', env: {}, signal },
  onChunk: () => undefined,
});
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('four processes of look-ups run at a time, sessions take turns, and those of downloads are not counted', async () => {
  const { processes, names, end } = open();
  let session: string | null = 'a';
  const limited = withListingSlots(processes, () => session);
  const first = limited.run(command('a1'));
  for (const name of ['a2', 'a3', 'a4', 'a5']) void limited.run(command(name));
  session = 'b';
  void limited.run(command('b1'));
  session = null;
  void limited.run(command('download'));
  await turns();
  assert.equal([...names].sort(), ['a1', 'a2', 'a3', 'a4', 'download']);
  end[names.indexOf('a1')]?.(EXIT);
  assert.equal(await settles(first), EXIT);
  await turns();
  assert.is(names[5], 'b1');
});

test('a process that waits is not started after an abort, and its slot goes to the next', async () => {
  const { processes, names, end } = open();
  const limited = withListingSlots(processes, () => 'a');
  for (const name of ['1', '2', '3', '4']) void limited.run(command(name));
  const abort = new AbortController();
  const waiting = limited.run(command('5', abort.signal)).catch((thrown: unknown) => thrown);
  void limited.run(command('6'));
  abort.abort(new Error('nobody waits'));
  assert.is(((await settles(waiting)) as Error).message, 'nobody waits');
  await turns();
  end[0]?.(EXIT);
  await turns();
  assert.equal(names, ['1', '2', '3', '4', '6']);
});

test.run();
