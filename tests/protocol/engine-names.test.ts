import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCommandBody } from '#lib/protocol/commands.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { ENGINE_NAMES, isEngineName } from '#lib/protocol/media.ts';

const url = 'https://example.org/';
const PROGRAMS = ['program:gallery-dl', 'program:a', 'program:x_2.0', `program:${'a'.repeat(32)}`];
const OTHERS = [
  ...[
    'wget',
    'gallery-dl',
    '',
    'program:',
    'program:*',
    'program:A',
    'program:.x',
    'program:x.',
    'program:-x',
  ],
  ...['program:../x', 'program:x/y', 'program:x y', 'program:x\n', `program:${'a'.repeat(33)}`, 'Program:x'],
];

test('an engine is one of ours, or a program by the name of its folder', () => {
  for (const name of [...ENGINE_NAMES, ...PROGRAMS]) assert.ok(isEngineName(name), name);
  for (const name of [...OTHERS, null, 5, {}, ['http']])
    assert.not.ok(isEngineName(name), JSON.stringify(name));
});

test('a command may name a program, and what cannot be an engine is refused at once', () => {
  for (const engine of PROGRAMS) assert.is(readCommandBody('add', { url, engine }).engine, engine);
  for (const engine of OTHERS) {
    let code = '';
    try {
      readCommandBody('parse', { url, engine });
    } catch (thrown) {
      ({ code } = thrown as SluiceError);
    }
    assert.is(code, 'engine_unknown', engine);
  }
});

test.run();
