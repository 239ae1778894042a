import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NotJson, project, type Shape, TooManyValues } from '#lib/foreign/json/project.ts';

const LIMITS = { values: 100_000, text: 1000 };
const read = (text: string, shape: Shape, limits = LIMITS): unknown =>
  project(Buffer.from(text), shape, limits).value;

/** The same result by `JSON.parse`. */
function expected(value: unknown, shape: Shape): unknown {
  if (Array.isArray(value)) {
    const isList = typeof shape === 'object' && 'list' in shape;
    return isList ? value.slice(0, shape.max).map((item) => expected(item, shape.list)) : [];
  }
  if (typeof value !== 'object' || value === null) return value;
  if (typeof shape === 'object' && 'fields' in shape) {
    const wanted = Object.entries(value).filter(([name]) => Object.hasOwn(shape.fields, name));
    return Object.fromEntries(
      wanted.map(([name, inner]) => [name, expected(inner, shape.fields[name] as Shape)]),
    );
  }
  if (typeof shape === 'object' && 'record' in shape) {
    const all = Object.entries(value).slice(0, shape.max);
    return Object.fromEntries(all.map(([name, inner]) => [name, expected(inner, shape.record)]));
  }
  return {};
}

const { shape: anyShape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small' },
    fc.constant<Shape>('scalar'),
    fc.record({ list: tie('shape'), max: fc.nat(3) }),
    fc.record({ fields: fc.dictionary(fc.constantFrom('a', 'b', 'c"', 'é', '__proto__'), tie('shape')) }),
    fc.record({ record: tie('shape'), max: fc.nat(3) }),
  ),
}));
const anyJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    // Without names that look like numbers, as objects reorder them.
    fc.dictionary(fc.constantFrom('a', 'b', 'c"', 'é', 'x y'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('wanted values are as JSON.parse returns them, whatever is around them', () => {
  fc.assert(
    fc.property(anyJson, anyShape, fc.constantFrom(undefined, 1, '\t\n '), (value, shape, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.equal(
        JSON.stringify(read(` ${text}\n`, shape)),
        JSON.stringify(expected(JSON.parse(text), shape)),
      );
    }),
    { numRuns: 1000 },
  );
});

test('the range of an object is its place in the text', () => {
  const text = ' {"list": [{"a": 1}, {"a": {"deep": "}]"}}] }';
  const { value, rangeOf } = project(
    Buffer.from(text),
    { fields: { list: { list: { fields: { a: 'scalar' } }, max: 9 } } },
    LIMITS,
  );
  const { list } = value as { list: object[] };
  assert.equal(
    list.map((item) => text.slice(...(rangeOf(item) ?? []))),
    ['{"a": 1}', '{"a": {"deep": "}]"}}'],
  );
  assert.is(rangeOf({}), null);
});

for (const text of [
  '',
  ' ',
  'Traceback',
  '{',
  '[1',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,}',
  '["x]',
  '[1]]',
  '[1] x',
  '{"a":1]',
  '{a:1}',
  '[01]',
  '["\\x"]',
  '[,]',
  '}',
]) {
  test(`${JSON.stringify(text)} is not JSON`, () => {
    const shape: Shape = text.startsWith('{') ? { fields: { a: 'scalar' } } : { list: 'scalar', max: 9 };
    assert.throws(
      () => read(text, shape),
      (thrown: unknown) => thrown instanceof NotJson,
    );
  });
}

test('strings and numbers that are too long are null, and too many values are an error', () => {
  const long = 'x'.repeat(1001);
  assert.equal(read(JSON.stringify([long, 'y', 1]), { list: 'scalar', max: 9 }), [null, 'y', 1]);
  assert.equal(read(`[1${'0'.repeat(500)}]`, { list: 'scalar', max: 9 }), [null]);
  assert.throws(
    () => read('[1,2,3]', { list: 'scalar', max: 9 }, { values: 3, text: 9 }),
    (thrown: unknown) => thrown instanceof TooManyValues,
  );
  assert.equal(read('[1,2,3]', { list: 'scalar', max: 2 }, { values: 3, text: 9 }), [1, 2]);
});

test('no name in a text is special, not even __proto__', () => {
  const made = read('{"__proto__": {"x": 1}, "constructor": 2}', { record: 'scalar', max: 9 });
  assert.equal(Object.keys(made as object), ['__proto__', 'constructor']);
  assert.is(({} as { x?: number }).x, undefined);
});

test.run();
