import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Known, Window } from '#lib/annie/progress/window.ts';

const text = (letter: string, length = 8): Buffer => Buffer.alloc(length, letter);

test('text that stands again is known where it stands', () => {
  const window = new Window();
  const known = new Known();
  window.append(text('a'));
  known.keep(window, 0, 8);
  window.append(text('a'));
  assert.is(known.again(window, 8, window.end), 16);
});

test('text of which one byte differs is not known, and not later either', () => {
  const window = new Window();
  const known = new Known();
  window.append(text('a', 11));
  known.keep(window, 0, 11);
  window.append(Buffer.from('aaaaaaaaaab'));
  assert.is(known.again(window, 11, window.end), 0);
  window.append(text('a', 11));
  assert.is(known.again(window, 22, window.end), 0);
});

test('what came to stand where the known text stood is not taken for it', () => {
  const window = new Window();
  const known = new Known();
  window.append(text('a'));
  known.keep(window, 0, 8);
  window.append(text('b'));
  // All but the b, which the byte before the start is part of, has been understood: room is made by moving it to 0.
  window.start = 9;
  window.append(text('c', 16 * 1024));
  assert.is(window.bytes.subarray(0, 8).toString(), 'bbbbbbbb');
  const at = window.end;
  window.append(text('b'));
  assert.is(known.again(window, at, window.end), 0);
});

test.run();
