/** The contract of the directory on every host: who may sign in, and which lists are whose. Each host has an adapter. */
import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Directory } from '#lib/actors/directory/directory.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { MAX_PEOPLE } from '#lib/protocol/people.ts';
import { NO_LIMITS } from '#lib/protocol/person-limits.ts';

type Method = keyof Directory;

export interface DirectoryHost {
  call<M extends Method>(method: M, ...args: Parameters<Directory[M]>): Promise<ReturnType<Directory[M]>>;
  /** Epoch ms, as the directory has it. */
  now(): number;
  pass(ms: number): Promise<void>;
  /** Stops or kills the host and starts it on the same storage. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** Until a link expires: on workerd this time passes. */
const SHORT_MS = 2_500;

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'none',
    (error: Pick<SluiceError, 'code'>) => error.code,
  );
const old = (list: string, claimable = true) => ({ list, claimable, name: 'Chrome' });

/** Registers the tests of the contract; the caller runs them. @param open creates a host with an empty directory */
export function contract(name: string, open: () => Promise<DirectoryHost>): Test<{ host: DirectoryHost }> {
  const test = suite<{ host: DirectoryHost }>(name);
  test.before.each(async (context) => {
    context.host = await open();
  });
  test.after.each(async ({ host }) => {
    await host.close();
  });

  test('a list from before signing in is adopted by the first who brings it, and by nobody else', async ({
    host,
  }) => {
    const [ann, ben] = [await host.call('add', 'Ann', 'operator'), await host.call('add', 'Ben', 'person')];
    const adopted = await host.call('open', ann.id, 0, old('old'));
    assert.equal([adopted?.isAdopted, adopted?.list], [true, { id: 'old', name: '', sharedBy: null }]);
    const other = await host.call('open', ben.id, 0, old('old'));
    assert.is(other?.isAdopted, false);
    assert.is.not(other?.list.id, 'old');
    const second = await host.call('open', ann.id, 0, old('laptop'));
    assert.equal(second?.list, { id: 'laptop', name: 'Chrome', sharedBy: null });
    assert.is((await host.call('open', ann.id, 0, old('empty', false)))?.list.id, 'old', 'the first one');
    await host.restart();
    assert.equal(
      (await host.call('account', ann.id))?.lists.map(({ id }) => id),
      ['old', 'laptop'],
    );
    assert.is((await host.call('ownerOf', 'laptop'))?.name, 'Ann');
    assert.is(await host.call('ownerOf', 'nobodys'), null);
  });

  test('names are the same in any case, and taken once', async ({ host }) => {
    const { id } = await host.call('add', 'Ann', 'operator');
    assert.is(await codeOf(host.call('add', 'ANN', 'person')), 'name_taken');
    assert.is((await host.call('credentials', 'ann'))?.id, id);
    assert.is((await host.call('named', 'aNN'))?.id, id, 'a proxy names her');
    const { role, hasPassword } = (await host.call('named', 'New')) ?? {};
    assert.equal([role, hasPassword], ['person', false], 'or somebody new');
    assert.equal(
      (await host.call('people')).map(({ name }) => name),
      ['Ann', 'New'],
    );
    for (let n = 2; n < MAX_PEOPLE; n++) await host.call('add', `p${n}`, 'person');
    assert.is(await codeOf(host.call('named', 'One more')), 'too_many_people');
  });

  test('a new password and signing out everywhere end sign-ins that are under way', async ({ host }) => {
    const { id } = await host.call('add', 'Ann', 'operator');
    const { list } = (await host.call('open', id, 0, null)) ?? {};
    const isOpen = (epoch: number) => host.call('isOpen', id, epoch, list?.id ?? '');
    assert.is(await isOpen(0), true);
    const { epoch } = await host.call('setPassword', id, 'hash');
    assert.equal([await isOpen(0), await host.call('open', id, 0, null)], [false, null]);
    await host.call('endSignIns', id);
    assert.equal([await isOpen(epoch), await isOpen(epoch + 1)], [false, true]);
  });

  test('a link sets a password once, until it expires, and a new one replaces it', async ({ host }) => {
    const expiresAt = host.now() + HOUR_MS;
    await host.call('invite', 'first', null, expiresAt);
    assert.equal(await host.call('invitation', 'first'), { name: null, expiresAt });
    assert.is(await codeOf(host.call('accept', 'first', 'hash', null)), 'invalid_request', 'it needs a name');
    const ann = await host.call('accept', 'first', 'hash', 'Ann');
    assert.equal([ann.role, ann.hasPassword], ['operator', true]);
    assert.is(await codeOf(host.call('accept', 'first', 'hash', 'Eve')), 'link_used');
    await host.call('invite', 'second', null, expiresAt);
    assert.is(await codeOf(host.call('invitation', 'second')), 'link_used', 'there is somebody');
    const ben = await host.call('add', 'Ben', 'person');
    await host.call('invite', 'a', ben.id, expiresAt);
    await host.call('invite', 'b', ben.id, host.now() + SHORT_MS);
    assert.is(await codeOf(host.call('invitation', 'a')), 'link_used');
    assert.is((await host.call('invitation', 'b')).name, 'Ben');
    await host.pass(SHORT_MS);
    assert.is(await codeOf(host.call('accept', 'b', 'hash', null)), 'link_used');
  });

  test('a list is shared by its owner alone, until that is withdrawn', async ({ host }) => {
    const [ann, ben, eve] = [
      await host.call('add', 'Ann', 'person'),
      await host.call('add', 'Ben', 'person'),
      await host.call('add', 'Eve', 'person'),
    ];
    const { id } = await host.call('addList', ann.id, 'Family');
    const refused = [
      host.call('share', eve.id, id, 'Eve'),
      host.call('shares', eve.id, id),
      host.call('unshare', eve.id, id, ben.id),
      host.call('share', ann.id, id, 'Nobody'),
      host.call('share', ann.id, id, 'ANN'),
    ];
    for (const code of await Promise.all(refused.map(codeOf))) assert.is(code, 'not_found');
    await host.call('share', ann.id, id, 'ben');
    assert.equal(await host.call('shares', ann.id, id), [{ id: ben.id, name: 'Ben' }]);
    assert.is((await host.call('open', ben.id, 0, old(id, false)))?.list.sharedBy, 'Ann');
    assert.is(await host.call('isOpen', ben.id, 0, id), true);
    await host.call('unshare', ann.id, id, ben.id);
    assert.is(await host.call('isOpen', ben.id, 0, id), false, 'also while it is being opened');
    assert.is.not((await host.call('open', ben.id, 0, old(id)))?.list.id, id);
  });

  test('who leaves cannot sign in, and is forgotten when everything is withdrawn; the lists stay owned', async ({
    host,
  }) => {
    const [ann, ben] = [await host.call('add', 'Ann', 'operator'), await host.call('add', 'Ben', 'person')];
    assert.is(await codeOf(host.call('remove', ann.id, 'keep')), 'last_operator');
    assert.is(await codeOf(host.call('setRole', ann.id, 'person')), 'last_operator');
    const opened = await host.call('open', ben.id, 0, old('bens'));
    await host.call('share', ben.id, 'bens', 'Ann');
    await host.call('remove', ben.id, 'delete');
    assert.equal(
      [
        await host.call('credentials', 'Ben'),
        await host.call('named', 'Ben'),
        await host.call('isOpen', ben.id, 0, 'bens'),
      ],
      [null, null, false],
    );
    await host.restart();
    const [leaving] = await host.call('leaving');
    assert.equal([leaving?.file, leaving?.lists], ['delete', [opened?.list]]);
    await host.call('removed', ben.id);
    assert.equal([await host.call('leaving'), (await host.call('account', ann.id))?.lists], [[], []]);
    assert.is((await host.call('open', ann.id, 0, old('bens')))?.isAdopted, false);
    await host.call('add', 'Ben', 'person');
  });

  test('limits are kept, and are none at first', async ({ host }) => {
    const { id, limits } = await host.call('add', 'Ann', 'operator');
    assert.equal(limits, NO_LIMITS);
    const own = await host.call('open', id, 0, null);
    const some = { bytes: 1e9, slots: 2, addsPerDay: null };
    const account = await host.call('setLimits', id, some);
    assert.equal([account.person.limits, account.lists], [some, [own?.list]]);
    await host.restart();
    await host.call('setRole', id, 'operator');
    assert.equal(
      (await host.call('accounts')).map(({ person }) => person.limits),
      [some],
    );
    assert.is(await codeOf(host.call('setLimits', 'nobody', some)), 'not_found');
  });

  test('what throws leaves nothing: a link that could not be used works again', async ({ host }) => {
    await host.call('invite', 'link', null, host.now() + HOUR_MS);
    assert.is(await codeOf(host.call('accept', 'link', 'hash', null)), 'invalid_request');
    for (let n = 0; n < 3; n++)
      assert.is(await codeOf(host.call('setRole', 'nobody', 'person')), 'not_found');
    assert.is((await host.call('accept', 'link', 'hash', 'Ann')).name, 'Ann');
  });

  return test;
}
