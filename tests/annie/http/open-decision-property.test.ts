/** Which downloads the responses of made-up servers may begin. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type RequestContext, interpret, type OpenDecision } from '#lib/annie/http/file/open-decision.ts';
import { headFrom, type Validators, type Version } from '#lib/annie/http/head/head.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const strong = (etag: string): Validators => ({ etag, lastModified: null, ifRange: etag });

/** A response with a piece of one of two versions of a file. */
interface FakeResponse {
  version: 1 | 2;
  status: number;
  body: [start: number, end: number];
  etag: 'strong' | 'weak' | 'none';
  /** Has a Content-Range. */
  range: boolean;
  length: boolean;
}

interface FakeServer {
  totals: Record<1 | 2, number>;
  /** Bytes of version 1 on the disk. */
  from: number;
  toRange: FakeResponse;
  /** To a range from 0, after a response about another version. */
  toRangeFromStart: FakeResponse;
  toPlain: FakeResponse;
}

const fakeResponse = (
  version: 1 | 2,
  body: [number, number],
  more: Partial<FakeResponse> = {},
): fc.Arbitrary<FakeResponse> =>
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
 * Servers that send any piece of either version, with any status, and leave out any header, but send no false one. Responses
 * that nobody could tell from correct ones are left out.
 */
const fakeServer: fc.Arbitrary<FakeServer> = fc
  .record({ one: fc.integer({ min: 2, max: 12 }), two: fc.integer({ min: 1, max: 12 }), cut: fc.nat() })
  .chain(({ one, two, cut }) => {
    const from = 1 + (cut % (one - 1));
    const piece = fc
      .tuple(fc.nat(one - 1), fc.nat(one - 1))
      .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b) + 1]);
    const rest = fakeResponse(1, [from, one]);
    return fc.record({
      totals: fc.constant({ 1: one, 2: two }),
      from: fc.constant(from),
      toRange: fc.oneof(
        rest,
        fakeResponse(1, [0, one]),
        piece.chain((body) => fakeResponse(1, body, { range: true })),
        fakeResponse(2, [0, two]),
        fakeResponse(2, [Math.min(from, two - 1), two], { etag: 'strong' }),
        fakeResponse(2, [Math.min(from, two - 1), two], { range: true }),
        piece.chain((body) => fakeResponse(1, body)),
      ),
      toRangeFromStart: fc.oneof(rest, fakeResponse(1, [0, one]), fakeResponse(2, [0, two])),
      toPlain: fc.oneof(rest, fakeResponse(1, [0, one]), fakeResponse(2, [0, two])),
    });
  });

function headOf(
  { totals }: FakeServer,
  { version, body: [start, end], ...has }: FakeResponse,
): ReturnType<typeof headFrom> {
  const etag = version === 1 ? '"a"' : '"b"';
  return headFrom({
    etag: { strong: etag, weak: `W/${etag}`, none: undefined }[has.etag],
    'content-length': has.length ? String(end - start) : undefined,
    'content-range': has.range ? `bytes ${start}-${end - 1}/${totals[version]}` : undefined,
  });
}

/** What the file holds once the response to the range, or the one without, has been used; null = a failure. */
function assembled(server: FakeServer): { version: 1 | 2; bytes: [number, number] } | null {
  const { totals, from, toRange, toRangeFromStart, toPlain } = server;
  const onDisk: Version = { validators: strong('"a"'), totalBytes: totals[1] };
  let context: RequestContext = { from, known: onDisk, reported: [], partialSizes: [] };
  const open = (answer: FakeResponse, more: Partial<RequestContext>): OpenDecision | null => {
    try {
      return interpret(answer.status, headOf(server, answer), { ...context, ...more });
    } catch (thrown) {
      if (thrown instanceof SluiceError) return null;
      throw thrown;
    }
  };
  let answer = toRange;
  let decision = open(answer, {});
  if (decision?.mode === 'again' && decision.isOther) {
    context = {
      from: 0,
      known: null,
      reported: [...decision.reported, onDisk],
      partialSizes: decision.partialSizes,
    };
    answer = toRangeFromStart;
    decision = open(answer, {});
  }
  if (decision?.mode === 'again') {
    const { reported = [], partialSizes = [] } = context;
    answer = toPlain;
    decision = open(answer, {
      ...{ from: null, reported: [...reported, ...decision.reported] },
      partialSizes: [...partialSizes, ...decision.partialSizes],
    });
  }
  const [start, end] = answer.body;
  if (decision === null) return null;
  if (decision.mode === 'ranged') {
    // the bytes on the disk are of version 1
    const isKept = context.known !== null;
    assert.equal([start, end], [context.from, decision.end]);
    assert.ok(!isKept || answer.version === 1, 'bytes of two versions');
    // what is missing after it is requested likewise
    return { version: answer.version, bytes: [0, totals[answer.version]] };
  }
  assert.is(decision.mode, 'whole');
  if (decision.mode !== 'whole') return null;
  const isEnd =
    decision.totalBytes === null
      ? !decision.partialBytes.includes(end - start)
      : end - start === decision.totalBytes;
  return isEnd ? { version: answer.version, bytes: [start, end] } : null;
}

test('whatever servers send or leave out, a complete file is all of one version', () => {
  let complete = 0;
  fc.assert(
    fc.property(fakeServer, (server) => {
      const file = assembled(server);
      if (file === null) return;
      complete++;
      assert.equal(file.bytes, [0, server.totals[file.version]]);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(complete > 2000, `only ${complete} were`);
});

test('honest servers of any kind never cause a contradiction', () => {
  const honest = fc.record({
    hasRanges: fc.boolean(),
    /** Sends 200 instead of 206, as some do. */
    sends200: fc.boolean(),
    length: fc.boolean(),
    hasChanged: fc.boolean(),
    one: fc.integer({ min: 2, max: 12 }),
    two: fc.integer({ min: 1, max: 12 }),
    cut: fc.nat(),
  });
  fc.assert(
    fc.property(honest, ({ hasRanges, sends200, length, hasChanged, one, two, cut }) => {
      const from = 1 + (cut % (one - 1));
      const version = hasChanged ? 2 : 1;
      const all = { version, etag: 'strong', length } as const;
      const whole: FakeResponse = { ...all, status: 200, body: [0, hasChanged ? two : one], range: false };
      const rest: FakeResponse = { ...all, status: sends200 ? 200 : 206, body: [from, one], range: true };
      // If-Range: another version is sent whole
      const toRange = hasRanges && !hasChanged ? rest : whole;
      const file = assembled({
        totals: { 1: one, 2: two },
        from,
        toRange,
        toRangeFromStart: whole,
        toPlain: whole,
      });
      assert.equal(file, { version, bytes: [0, hasChanged ? two : one] });
    }),
    { numRuns: 5000 },
  );
});

test.run();
