/** Seeded nonsense: well-formed messages of which something was changed, and what is no message at all. */
import { Dice } from '../../../tests/annie/progress/dice.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const ODD_VALUES: Json[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    -0,
    2 ** 53,
    0.1,
    '',
    ' ',
    '\0',
    '__proto__',
    'constructor',
    '../..',
    '\ud800',
  ],
  ...[
    [],
    {},
    [[]],
    { length: 1 },
    { toString: 1 },
    { __proto__: null },
    '9'.repeat(400),
    'x'.repeat(5_000),
    '💾'.repeat(300),
  ],
];
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'type',
  'id',
  'name',
  'url',
  'then',
  'length',
  '\u0000',
];
const ODD_TEXTS = [
  ...[
    '',
    ' ',
    'null',
    '[]',
    '{}',
    '"',
    '{',
    '[',
    '}',
    '0',
    '-',
    '1e999',
    'NaN',
    '\ufeff{}',
    '{"a":1,}',
    "{'a':1}",
    '/**/{}',
  ],
  ...[
    '['.repeat(20_000),
    '{"a":'.repeat(8_000),
    '"\\u00',
    '{"type":"hello"}{"type":"hello"}',
    '\0',
    '<xml/>',
    'x'.repeat(60_000),
  ],
];

const ODD_PIECES = [
  '',
  '\0',
  '%',
  '%00',
  '%zz',
  '\u202e',
  '/',
  '//',
  '..',
  '/../',
  '"',
  'é',
  '\ud800',
  ' ',
  '\n',
  '{',
  '?',
  '#',
  'x'.repeat(9_000),
];

export class Mutator {
  readonly dice: Dice;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  /** Text, most of it JSON. */
  text(messages: readonly Json[]): string {
    const { dice } = this;
    const kind = dice.below(10);
    if (kind === 0) return dice.pick(ODD_TEXTS);
    let value = dice.pick(messages);
    for (let times = dice.below(4); times > 0; times--) value = this.change(value);
    const json = JSON.stringify(value) ?? 'null';
    return kind === 1 ? this.cut(json) : json;
  }

  bytes(most: number): Buffer {
    return Buffer.from(Array.from({ length: dice16(this.dice, most) }, () => this.dice.below(256)));
  }

  change(value: Json): Json {
    const { dice } = this;
    if (typeof value !== 'object' || value === null || dice.below(4) === 0) return this.leaf(value);
    if (Array.isArray(value)) return [...value, this.leaf(null)].slice(dice.below(2));
    const entries = Object.entries(value);
    const at = dice.below(entries.length + 1);
    const [name, old] = entries[at] ?? [dice.pick(ODD_NAMES), null];
    const kind = dice.below(3);
    if (kind === 0) entries.splice(at, 1);
    else if (kind === 1) entries[at] = [name, this.change(old)];
    else entries.push([dice.pick(ODD_NAMES), this.leaf(null)]);
    return Object.fromEntries(entries);
  }

  leaf(value: Json): Json {
    if (typeof value !== 'string' || this.dice.below(2) === 0) return this.dice.pick(ODD_VALUES);
    return this.changedText(value);
  }

  changedText(text: string): string {
    const { dice } = this;
    const at = dice.below(text.length + 1);
    return text.slice(0, at) + dice.pick(ODD_PIECES) + text.slice(at + dice.below(3));
  }

  cut(text: string): string {
    const at = this.dice.below(text.length + 1);
    return this.dice.below(2) === 0
      ? text.slice(0, at)
      : text.slice(0, at) + this.dice.pick(['\0', '"', '\\', '}', '\ufffd']) + text.slice(at);
  }
}

function dice16(dice: Dice, most: number): number {
  return dice.below(8) === 0 ? dice.below(most) : dice.below(64);
}
