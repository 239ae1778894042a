import { writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SluiceError } from '#lib/protocol/error.ts';
import { codeOf, env, withHost } from './with-host.ts';

test('a program that is not found is engine_missing', () =>
  withHost(async ({ run, dir }) => {
    assert.is(await codeOf(run(['sluice-no-such-program'])), 'engine_missing');
    assert.is(await codeOf(run([join(dir, 'nothing')])), 'engine_missing');
  }));

test('a program whose interpreter is gone is engine_missing', () =>
  withHost(async ({ run, dir }) => {
    await writeFile(join(dir, 'broken'), '#!/no/such/interpreter\n', { mode: 0o755 });
    assert.is(await codeOf(run([join(dir, 'broken')])), 'engine_missing');
  }));

test('a program in the work dir is never found by its name', () =>
  withHost(async ({ run, dir }) => {
    await writeFile(join(dir, 'planted'), '#!/bin/sh\necho planted\n', { mode: 0o755 });
    for (const PATH of ['', '.', ':/nowhere', `:${env.PATH}`]) {
      assert.is(await codeOf(run(['planted'], { env: { PATH } })), 'engine_missing');
    }
    assert.is(await codeOf(run(['./planted'])), 'engine_missing');
  }));

test('an exit code of 127 of the engine itself stays an exit code', () =>
  withHost(async ({ run }) => {
    assert.is((await run(['sh', '-c', 'echo not found >&2; exit 127'])).exitCode, 127);
  }));

test('an argument that the system rejects is engine_exit, and not transient', () =>
  withHost(async ({ run }) => {
    const big = 'x'.repeat(8 * 1024 * 1024);
    const error = await run(['echo', big]).then(
      () => null,
      (thrown: SluiceError) => thrown,
    );
    assert.is(error?.code, 'engine_exit');
    assert.match(error?.message ?? '', 'E2BIG');
    assert.not(error?.transient);
    assert.is(await codeOf(run(['echo', 'a\0b'])), 'engine_exit');
  }));

test('a work dir that is gone is disk_missing', () =>
  withHost(async ({ run, dir }) => {
    assert.is(await codeOf(run(['true'], { cwd: join(dir, 'gone') })), 'disk_missing');
  }));

test('an abort before the start starts nothing and throws its reason', () =>
  withHost(async ({ run, dir }) => {
    const reason = new Error('not wanted');
    try {
      await run(['touch', join(dir, 'started')], { signal: AbortSignal.abort(reason) });
      assert.unreachable();
    } catch (thrown) {
      assert.is(thrown, reason);
    }
    assert.not(readdirSync(dir).includes('started'));
  }));

test.run();
