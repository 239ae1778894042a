import * as assert from 'uvu/assert';
import { define } from '#lib/actors/durable/host.server.ts';
import { Directory, DIRECTORY } from '#lib/actors/directory/directory.ts';
import { DirectoryRows, type PersonRow } from '#lib/actors/directory/rows.ts';
import { DamagedValue } from '#lib/actors/durable/damaged-value.ts';
import type { DurableKv } from '#lib/actors/durable/types.ts';
import { openHost } from '../durable/host.ts';
import { contract } from './contract.ts';

const test = contract('directory on the embedded host', async () => {
  let ids = 0;
  const env = { now: () => t.clock.now(), newId: () => `id-${++ids}` };
  const t = await openHost({ classes: { directory: define(Directory, env) } });
  /** `EmbeddedStub` does not see that a method and its arguments belong together. */
  interface AnyStub {
    call(method: string, ...args: unknown[]): Promise<never>;
  }
  const stub = () => t.host.get<Directory>('directory', DIRECTORY) as unknown as AnyStub;
  return {
    call: (method, ...args) => stub().call(method, ...args),
    now: () => t.clock.now(),
    pass: (ms) => Promise.resolve(void t.clock.increment(ms)),
    restart: () => t.reopen(),
    async close() {
      assert.equal(t.errors, []);
      await t.close();
    },
  };
});

const BEN: PersonRow = {
  ...{ v: 1, name: 'Ben', role: 'person', password: null, epoch: 0, createdAt: 0, leaving: null },
  lists: [{ id: 'bens', name: '' }],
};

test('a damaged person keeps name and lists, and needs a new password', () => {
  const values = new Map<string, unknown>([
    ['n/ann', 'a'],
    ['l/one', 'a'],
    ['l/two', 'a'],
    ['l/bens', 'b'],
    ['p/a', 'damaged'],
    ['p/b', BEN],
  ]);
  const read = (key: string) => {
    if (values.get(key) === 'damaged') throw new DamagedValue(key, null);
    return values.get(key);
  };
  const kv: DurableKv = {
    get: <T>(key: string) => read(key) as T | undefined,
    put: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
    list: <T>({ prefix = '' } = {}) =>
      [...values.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort()
        .map((key) => [key, read(key)] as [string, T]),
  };
  const rows = new DirectoryRows(kv);
  const row = rows.get('a') as PersonRow;
  assert.equal(
    [row.name, row.password, row.role, row.lists.map(({ id, name }) => `${id}:${name}`)],
    ['ann', null, 'person', ['one:', 'two:2']],
  );
  values.set('l/one', 'damaged').set('n/ann', 'damaged').set('l/bens', 'damaged').set('l/nobodys', 'damaged');
  assert.equal([rows.ownerOf('one'), rows.idOf('Ann'), rows.ownerOf('bens')], ['a', 'a', 'b']);
  assert.equal([rows.ownerOf('nobodys'), values.has('l/nobodys')], [null, false]);
});

test.run();
