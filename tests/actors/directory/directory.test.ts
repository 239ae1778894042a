/** Who may sign in and which lists are whose, on the embedded host. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { define } from '#lib/actors/durable/host.server.ts';
import { Directory, DIRECTORY } from '#lib/actors/directory/directory.ts';
import { DirectoryRows, type PersonRow } from '#lib/actors/directory/rows.ts';
import { DamagedValue } from '#lib/actors/durable/damaged-value.ts';
import type { DurableKv } from '#lib/actors/durable/types.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { MAX_PEOPLE } from '#lib/protocol/people.ts';
import { openHost, type TestHost } from '../durable/host.ts';

let t: TestHost;
let ids = 0;

test.before.each(async () => {
  const env = { now: () => t.clock.now(), newId: () => `id-${++ids}` };
  t = await openHost({ classes: { directory: define(Directory, env) } });
});
test.after.each(async () => {
  assert.equal(t.errors, []);
  await t.close();
});

const stub = () => t.host.get<Directory>('directory', DIRECTORY);
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'none',
    (error: SluiceError) => error.code,
  );
const old = (list: string, claimable = true) => ({ list, claimable, name: 'Chrome' });

test('a list from before signing in is adopted by the first who brings it, and by nobody else', async () => {
  const [ann, ben] = [await stub().call('add', 'Ann', 'operator'), await stub().call('add', 'Ben', 'person')];
  const adopted = await stub().call('open', ann.id, 0, old('old'));
  assert.equal([adopted?.isAdopted, adopted?.list], [true, { id: 'old', name: '', sharedBy: null }]);
  const other = await stub().call('open', ben.id, 0, old('old'));
  assert.is(other?.isAdopted, false);
  assert.is.not(other?.list.id, 'old');
  const second = await stub().call('open', ann.id, 0, old('laptop'));
  assert.equal(second?.list, { id: 'laptop', name: 'Chrome', sharedBy: null });
  assert.is((await stub().call('open', ann.id, 0, old('empty', false)))?.list.id, 'old', 'the first one');
  await t.reopen();
  assert.equal(
    (await stub().call('account', ann.id))?.lists.map(({ id }) => id),
    ['old', 'laptop'],
  );
  assert.is((await stub().call('ownerOf', 'laptop'))?.name, 'Ann');
  assert.is(await stub().call('ownerOf', 'nobodys'), null);
});

test('names are the same in any case, and taken once', async () => {
  const { id } = await stub().call('add', 'Ann', 'operator');
  assert.is(await codeOf(stub().call('add', 'ANN', 'person')), 'name_taken');
  assert.is((await stub().call('credentials', 'ann'))?.id, id);
  assert.is((await stub().call('named', 'aNN'))?.id, id, 'a proxy names her');
  const { role, hasPassword } = (await stub().call('named', 'New')) ?? {};
  assert.equal([role, hasPassword], ['person', false], 'or somebody new');
  assert.equal(
    (await stub().call('people')).map(({ name }) => name),
    ['Ann', 'New'],
  );
  for (let n = 2; n < MAX_PEOPLE; n++) await stub().call('add', `p${n}`, 'person');
  assert.is(await codeOf(stub().call('named', 'One more')), 'too_many_people');
});

test('a new password and signing out everywhere end sign-ins that are under way', async () => {
  const { id } = await stub().call('add', 'Ann', 'operator');
  const { list } = (await stub().call('open', id, 0, null)) ?? {};
  const isOpen = (epoch: number) => stub().call('isOpen', id, epoch, list?.id ?? '');
  assert.is(await isOpen(0), true);
  const { epoch } = await stub().call('setPassword', id, 'hash');
  assert.equal([await isOpen(0), await stub().call('open', id, 0, null)], [false, null]);
  await stub().call('endSignIns', id);
  assert.equal([await isOpen(epoch), await isOpen(epoch + 1)], [false, true]);
});

test('a link sets a password once, until it expires, and a new one replaces it', async () => {
  await stub().call('invite', 'first', null, 1000);
  assert.equal(await stub().call('invitation', 'first'), { name: null, expiresAt: 1000 });
  assert.is(await codeOf(stub().call('accept', 'first', 'hash', null)), 'invalid_request', 'it needs a name');
  const ann = await stub().call('accept', 'first', 'hash', 'Ann');
  assert.equal([ann.role, ann.hasPassword], ['operator', true]);
  assert.is(await codeOf(stub().call('accept', 'first', 'hash', 'Eve')), 'link_used');
  await stub().call('invite', 'second', null, 1000);
  assert.is(await codeOf(stub().call('invitation', 'second')), 'link_used', 'there is somebody');
  const ben = await stub().call('add', 'Ben', 'person');
  await stub().call('invite', 'a', ben.id, 1000);
  await stub().call('invite', 'b', ben.id, 1000);
  assert.is(await codeOf(stub().call('invitation', 'a')), 'link_used');
  t.clock.increment(999);
  assert.is((await stub().call('invitation', 'b')).name, 'Ben');
  t.clock.increment(1);
  assert.is(await codeOf(stub().call('accept', 'b', 'hash', null)), 'link_used');
});

test('a list is shared by its owner alone, until that is withdrawn', async () => {
  const [ann, ben, eve] = [
    await stub().call('add', 'Ann', 'person'),
    await stub().call('add', 'Ben', 'person'),
    await stub().call('add', 'Eve', 'person'),
  ];
  const { id } = await stub().call('addList', ann.id, 'Family');
  for (const call of [
    stub().call('share', eve.id, id, 'Eve'),
    stub().call('shares', eve.id, id),
    stub().call('unshare', eve.id, id, ben.id),
    stub().call('share', ann.id, id, 'Nobody'),
    stub().call('share', ann.id, id, 'ANN'),
  ])
    assert.is(await codeOf(call), 'not_found');
  await stub().call('share', ann.id, id, 'ben');
  assert.equal(await stub().call('shares', ann.id, id), [{ id: ben.id, name: 'Ben' }]);
  assert.is((await stub().call('open', ben.id, 0, old(id, false)))?.list.sharedBy, 'Ann');
  assert.is(await stub().call('isOpen', ben.id, 0, id), true);
  await stub().call('unshare', ann.id, id, ben.id);
  assert.is(await stub().call('isOpen', ben.id, 0, id), false, 'also while it is being opened');
  assert.is.not((await stub().call('open', ben.id, 0, old(id)))?.list.id, id);
});

test('who leaves cannot sign in, and is forgotten when everything is withdrawn; the lists stay owned', async () => {
  const [ann, ben] = [await stub().call('add', 'Ann', 'operator'), await stub().call('add', 'Ben', 'person')];
  assert.is(await codeOf(stub().call('remove', ann.id, 'keep')), 'last_operator');
  assert.is(await codeOf(stub().call('setRole', ann.id, 'person')), 'last_operator');
  const opened = await stub().call('open', ben.id, 0, old('bens'));
  await stub().call('share', ben.id, 'bens', 'Ann');
  await stub().call('remove', ben.id, 'delete');
  assert.equal(
    [
      await stub().call('credentials', 'Ben'),
      await stub().call('named', 'Ben'),
      await stub().call('isOpen', ben.id, 0, 'bens'),
    ],
    [null, null, false],
  );
  await t.reopen();
  const [leaving] = await stub().call('leaving');
  assert.equal([leaving?.file, leaving?.lists], ['delete', [opened?.list]]);
  await stub().call('removed', ben.id);
  assert.equal([await stub().call('leaving'), (await stub().call('account', ann.id))?.lists], [[], []]);
  assert.is((await stub().call('open', ann.id, 0, old('bens')))?.isAdopted, false);
  await stub().call('add', 'Ben', 'person');
});

test('a damaged person keeps name and lists, and needs a new password', () => {
  const values = new Map<string, unknown>([
    ['n/ann', 'a'],
    ['l/one', 'a'],
    ['l/two', 'a'],
    ['l/bens', 'b'],
    ['p/a', 'damaged'],
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
  values.set('l/one', 'damaged').set('n/ann', 'damaged');
  assert.equal([rows.ownerOf('one'), rows.idOf('Ann')], ['a', 'a']);
});

test.run();
