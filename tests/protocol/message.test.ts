/** Messages of a client: whatever is not one is refused with a SluiceError. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseClientMessage } from '#lib/protocol/channel.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const ID = 'abcdefghijkl';

function codeOf(text: string): string {
  try {
    return parseClientMessage(text).type;
  } catch (error) {
    return error instanceof SluiceError ? error.code : String(error);
  }
}

test('anything but a JSON object of a known type is refused with a code', () => {
  for (const text of ['', '{', 'hello', "{'type':'hello'}"]) assert.is(codeOf(text), 'invalid_json', text);
  for (const text of ['null', 'true', '3', '"hello"', '[]', '[{"type":"hello"}]', '{}', '{"type":1}']) {
    assert.is(codeOf(text), 'invalid_request', text);
  }
  assert.is(codeOf('{"type":"hello"}'), 'hello');
});

test('a command has exactly the fields of its name, with defaults for those left out', () => {
  const command = (more: object): unknown =>
    parseClientMessage(JSON.stringify({ type: 'command', id: 'c', ...more }));
  const remove = { name: 'remove', downloadId: ID };
  assert.equal(command(remove), { type: 'command', id: 'c', ...remove, file: 'keep' });
  for (const file of ['keep', 'delete']) {
    assert.equal(command({ ...remove, file }), { type: 'command', id: 'c', ...remove, file });
  }
  for (const name of ['pause', 'resume', 'cancel', 'retry']) {
    const act = { name, downloadId: ID };
    assert.equal(command(act), { type: 'command', id: 'c', ...act });
  }
  for (const wrong of [
    { ...remove, file: '' },
    { ...remove, file: 'Delete' },
    { ...remove, downloadId: 'short' },
    { name: 'pause', downloadId: `${ID}x` },
    { name: 'pause', downloadId: ID, file: 'keep' },
    { name: 'add' },
    { name: 'add', url: '' },
    { name: 'explode', downloadId: ID },
  ]) {
    assert.throws(
      () => command(wrong),
      (error: SluiceError) => error.code === 'invalid_request',
    );
  }
});

test('a command id has 1 to 64 plain characters', () => {
  const say = (id: unknown) => codeOf(JSON.stringify({ type: 'command', id, name: 'pause', downloadId: ID }));
  for (const id of ['a', 'Z9_.:-', 'x'.repeat(64)]) assert.is(say(id), 'command');
  for (const id of ['', 'x'.repeat(65), 'a b', 'ä', 'a\n', 3, null]) assert.is(say(id), 'invalid_request');
});

test('any text is a message or is refused with a code', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.match(codeOf(text), /^(hello|command|invalid_json|invalid_request)$/);
    }),
  );
});

test.run();
