import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accessOf, Devices } from '#lib/actors/session/devices.ts';
import type { DurableKv } from '#lib/actors/durable/types.ts';
import type { Device } from '#lib/protocol/device.ts';

const LISTED = 'listedlisted1234';
const FIRST = 'first-of-all';
const OTHER = 'another-one1';

function memory(): DurableKv {
  const values = new Map<string, unknown>();
  return {
    get: <T>(key: string) => values.get(key) as T | undefined,
    put: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
    list: <T>({ prefix = '' } = {}) =>
      [...values].filter(([key]) => key.startsWith(prefix)).sort() as [string, T][],
  };
}

const scopeOf = (...args: Parameters<typeof accessOf>) => accessOf(...args)?.scope ?? null;

const device = (more: Partial<Device> = {}): Device => ({
  kind: 'token',
  name: 'n',
  scope: 'add',
  createdAt: 0,
  expiresAt: null,
  ...more,
});

test('a device with a long id needs its row, and may do what that says until it expires', () => {
  const kv = memory();
  const devices = new Devices(kv);
  assert.is(scopeOf(kv, LISTED, 0), null);
  devices.after({ type: 'admit', id: LISTED, device: device({ expiresAt: 1000 }) }, 0);
  assert.equal([scopeOf(kv, LISTED, 999), scopeOf(kv, LISTED, 1000)], ['add', null]);
  assert.is(devices.after(null, 999)?.length, 1);
  assert.is(devices.after(null, 1000)?.length, 0);
  assert.is(kv.get(`dev/${LISTED}`), undefined, 'an expired row is removed');
});

test('admitting a device again changes nothing of it', () => {
  const kv = memory();
  const devices = new Devices(kv);
  devices.after({ type: 'admit', id: LISTED, device: device() }, 0);
  devices.after({ type: 'admit', id: LISTED, device: device({ scope: 'full' }) }, 0);
  assert.is(scopeOf(kv, LISTED, 0), 'add');
});

test('one with a short id may do everything without a row, until it is withdrawn', () => {
  const kv = memory();
  const devices = new Devices(kv);
  assert.is(scopeOf(kv, FIRST, 0), 'full');
  assert.is(devices.after({ type: 'withdraw', id: FIRST }, 0), null, 'nobody knows that it is there');
  assert.is(scopeOf(kv, FIRST, 0), 'full');
  devices.after({ type: 'admit', id: FIRST, device: device({ kind: 'browser', scope: 'full' }) }, 0);
  assert.equal(devices.after({ type: 'withdraw', id: FIRST }, 0), []);
  assert.equal([scopeOf(kv, FIRST, 0), scopeOf(kv, OTHER, 0)], [null, 'full']);
});

test('withdrawing all others refuses those without a row too', () => {
  const kv = memory();
  const devices = new Devices(kv);
  devices.after({ type: 'admit', id: LISTED, device: device() }, 0);
  devices.after({ type: 'withdraw-others', kept: FIRST }, 0);
  assert.equal(
    [FIRST, OTHER, LISTED].map((id) => scopeOf(kv, id, 0)),
    ['full', null, null],
  );
  devices.after({ type: 'admit', id: LISTED, device: device({ scope: 'full' }) }, 0);
  devices.after({ type: 'withdraw-others', kept: LISTED }, 0);
  assert.equal(
    [FIRST, OTHER, LISTED].map((id) => scopeOf(kv, id, 0)),
    [null, null, 'full'],
  );
});

test.run();
