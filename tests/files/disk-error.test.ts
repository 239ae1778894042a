import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asDiskError } from '#lib/files/disk-error.ts';

test('errors that Node has no name for are known by their number', () => {
  for (const [errno, code] of [
    [-122, 'disk_full'],
    [-116, 'disk_error'],
    [-69, 'disk_full'],
    [-9999, undefined],
  ] as const) {
    const name = `Unknown system error ${errno}`;
    const error = Object.assign(new Error(`${name}: ${name}, write`), {
      errno,
      code: name,
      syscall: 'write',
    });
    assert.is(asDiskError(error)?.code, code, name);
  }
});

test.run();
