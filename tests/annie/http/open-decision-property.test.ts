/** What the answers of made-up servers, honest and other, may begin. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type RequestContext,
  interpretResponse,
  type OpenDecision,
} from '#lib/annie/http/file/open-decision.ts';
import { headFrom, type Validators, type Version } from '#lib/annie/http/head.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const strong = (etag: string): Validators => ({ etag, lastModified: null, ifRange: etag });

/** One of two versions of a file, and the piece of it that is the body of an answer. */
interface Told {
  version: 1 | 2;
  status: number;
  body: [start: number, end: number];
  etag: 'strong' | 'weak' | 'none';
  /** Says which piece it is. */
  range: boolean;
  length: boolean;
}

interface World {
  totals: Record<1 | 2, number>;
  /** Bytes of version 1 that are here. */
  from: number;
  toRange: Told;
  /** After an answer about another version. */
  anew: Told;
  plain: Told;
}

const told = (version: 1 | 2, body: [number, number], more: Partial<Told> = {}): fc.Arbitrary<Told> =>
  fc.record({
    version: fc.constant(version),
    body: fc.constant(body),
    status: fc.constantFrom(200, 203, 206),
    etag: fc.constantFrom('strong', 'weak', 'none'),
    range: fc.boolean(),
    length: fc.boolean(),
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, fc.constant(value)])),
  });

/**
 * Servers that send any piece of either version and say of it what they like, but nothing false: only that what they
 * leave out, and the status, is up to them. What cannot be told from the truth by anybody is left out.
 */
const world: fc.Arbitrary<World> = fc
  .record({ one: fc.integer({ min: 2, max: 12 }), two: fc.integer({ min: 1, max: 12 }), cut: fc.nat() })
  .chain(({ one, two, cut }) => {
    const from = 1 + (cut % (one - 1));
    const piece = fc
      .tuple(fc.nat(one - 1), fc.nat(one - 1))
      .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b) + 1]);
    const rest = told(1, [from, one]);
    return fc.record({
      totals: fc.constant({ 1: one, 2: two }),
      from: fc.constant(from),
      toRange: fc.oneof(
        rest,
        told(1, [0, one]),
        piece.chain((body) => told(1, body, { range: true })),
        told(2, [0, two]),
        told(2, [Math.min(from, two - 1), two], { etag: 'strong' }),
      ),
      anew: fc.oneof(rest, told(1, [0, one]), told(2, [0, two])),
      plain: fc.oneof(rest, told(1, [0, one]), told(2, [0, two])),
    });
  });

function headOf(
  { totals }: World,
  { version, body: [start, end], ...says }: Told,
): ReturnType<typeof headFrom> {
  const etag = version === 1 ? '"a"' : '"b"';
  return headFrom({
    etag: { strong: etag, weak: `W/${etag}`, none: undefined }[says.etag],
    'content-length': says.length ? String(end - start) : undefined,
    'content-range': says.range ? `bytes ${start}-${end - 1}/${totals[version]}` : undefined,
  });
}

/** What is in the file once the answer to the range, or else the one without, has been used; null = a failure. */
function assembled(made: World): { version: 1 | 2; bytes: [number, number] } | null {
  const { totals, from, toRange, anew, plain } = made;
  const here: Version = { validators: strong('"a"'), totalBytes: totals[1] };
  let asked: RequestContext = { from, known: here, reported: [], partialSizes: [] };
  const open = (answer: Told, more: Partial<RequestContext>): OpenDecision | null => {
    try {
      return interpretResponse(answer.status, headOf(made, answer), { ...asked, ...more });
    } catch (thrown) {
      if (thrown instanceof SluiceError) return null;
      throw thrown;
    }
  };
  let answer = toRange;
  let opening = open(answer, {});
  if (opening?.mode === 'again' && opening.isOther) {
    asked = {
      from: 0,
      known: null,
      reported: [...opening.reported, here],
      partialSizes: opening.partialSizes,
    };
    answer = anew;
    opening = open(answer, {});
  }
  if (opening?.mode === 'again') {
    const { reported = [], partialSizes = [] } = asked;
    answer = plain;
    opening = open(answer, {
      ...{ from: null, reported: [...reported, ...opening.reported] },
      partialSizes: [...partialSizes, ...opening.partialSizes],
    });
  }
  const [start, end] = answer.body;
  if (opening === null) return null;
  if (opening.mode === 'ranged') {
    // what is here is of version 1
    const isKept = asked.known !== null;
    assert.equal([start, end], [asked.from, opening.end]);
    assert.ok(!isKept || answer.version === 1, 'bytes of two versions');
    // the rest of the rest is asked for likewise
    return { version: answer.version, bytes: [0, totals[answer.version]] };
  }
  assert.is(opening.mode, 'whole');
  if (opening.mode !== 'whole') return null;
  const isEnd =
    opening.totalBytes === null
      ? !opening.partialBytes.includes(end - start)
      : end - start === opening.totalBytes;
  return isEnd ? { version: answer.version, bytes: [start, end] } : null;
}

test('whatever is sent and left unsaid, a file that is complete is one version, all of it', () => {
  let complete = 0;
  fc.assert(
    fc.property(world, (made) => {
      const file = assembled(made);
      if (file === null) return;
      complete++;
      assert.equal(file.bytes, [0, made.totals[file.version]]);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(complete > 2000, `only ${complete} were`);
});

test('honest servers of any kind are never a contradiction', () => {
  const honest = fc.record({
    hasRanges: fc.boolean(),
    /** 200 instead of 206, as some do. */
    isShy: fc.boolean(),
    length: fc.boolean(),
    hasChanged: fc.boolean(),
    one: fc.integer({ min: 2, max: 12 }),
    two: fc.integer({ min: 1, max: 12 }),
    cut: fc.nat(),
  });
  fc.assert(
    fc.property(honest, ({ hasRanges, isShy, length, hasChanged, one, two, cut }) => {
      const from = 1 + (cut % (one - 1));
      const version = hasChanged ? 2 : 1;
      const all = { version, etag: 'strong', length } as const;
      const whole: Told = { ...all, status: 200, body: [0, hasChanged ? two : one], range: false };
      const rest: Told = { ...all, status: isShy ? 200 : 206, body: [from, one], range: true };
      // If-Range: another version is sent whole
      const toRange = hasRanges && !hasChanged ? rest : whole;
      const file = assembled({ totals: { 1: one, 2: two }, from, toRange, anew: whole, plain: whole });
      assert.equal(file, { version, bytes: [0, hasChanged ? two : one] });
    }),
    { numRuns: 5000 },
  );
});

test.run();
