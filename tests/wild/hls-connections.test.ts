/** HLS over more than one connection: those beyond the first are given back when asked, and end where a host refuses them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExtraConnection } from '#lib/annie/engine.ts';
import { waitFor } from '../support/wait.ts';
import { it, openStreamKit, ts, whole } from './stream-kit.ts';
import { response, type WildAnswer } from './origin.ts';

const kit = await openStreamKit();
const { origin } = kit;
const TS = 'Content-Type: video/mp2t';

/** Connections as the runner lends them. */
class Extras {
  readonly lent: AbortController[] = [];
  refusals = 0;
  #open = 0;
  max: number;

  constructor(max = 3) {
    this.max = max;
  }

  get open(): number {
    return this.#open;
  }

  openExtra = (): ExtraConnection | null => {
    if (this.#open >= this.max) return null;
    const controller = new AbortController();
    this.lent.push(controller);
    let isOpen = true;
    this.#open++;
    const close = (): void => {
      if (isOpen) this.#open--;
      isOpen = false;
    };
    return {
      signal: controller.signal,
      refused: () => {
        this.refusals++;
        this.max = 0;
        close();
      },
      close,
    };
  };
}

/** A stream whose fragments are answered so. */
function stream(answerOf: (index: number) => WildAnswer): string {
  const url = kit.stream(ts);
  for (const index of ts.keys()) origin.serve(`${kit.base()}/${index}.ts`, answerOf(index));
  return url;
}

const part = (index: number): Buffer => response(TS, ts[index] ?? '');

it('a host that serves one connection refuses the others once, and the stream arrives', async () => {
  let serving = 0;
  let refused = 0;
  const url = stream((index) => async () => {
    if (serving > 0) {
      refused++;
      return response('HTTP/1.1 503 Busy', 'too many');
    }
    serving++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    serving--;
    return part(index);
  });
  const extras = new Extras();
  const saved = await kit.download(url, { openExtra: extras.openExtra });
  assert.equal([saved.state, saved.body.equals(whole)], ['complete', true]);
  assert.ok(extras.refusals >= 1 && refused <= 3, `${extras.refusals} and ${refused} refusals`);
  assert.is(extras.open, 0);
});

it('the first connection waits while the host serves the others in its place', async () => {
  let refusals = 0;
  let isServed = false;
  const url = stream((index) => async ({ count }) => {
    if (index === 0 && !isServed) {
      refusals = count;
      return response('HTTP/1.1 503 Busy', 'too many');
    }
    // As often as one connection tries a fragment.
    if (index === 1) await waitFor(() => refusals === 4);
    isServed = true;
    return part(index);
  });
  const extras = new Extras(1);
  const saved = await kit.download(url, { openExtra: extras.openExtra });
  assert.equal([saved.state, saved.body.equals(whole)], ['complete', true]);
  assert.ok(refusals >= 4, `${refusals} refusals`);
});

it('a connection that another download is to have is given back in the middle of a fragment', async () => {
  const half = (ts[1]?.length ?? 0) >> 1;
  let isAsked = false;
  let open = true;
  const url = stream(
    (index) =>
      async function* ({ headers }): AsyncGenerator<Buffer> {
        const range = headers.get('range');
        const body = ts[index] ?? Buffer.alloc(0);
        if (index !== 1 || isAsked) {
          // While the other is under way, the first does not end.
          if (index === 0) await waitFor(() => !open);
          const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
          const head = range
            ? `HTTP/1.1 206 P\r\nContent-Range: bytes ${from}-${body.length - 1}/${body.length}\r\n`
            : '';
          yield response(`${head}${TS}\r\nETag: "${index}"`, body.subarray(from));
          return;
        }
        isAsked = true;
        try {
          yield response(`${TS}\r\nETag: "1"\r\nContent-Length: ${body.length}`, body.subarray(0, half));
          await waitFor(() => kit.origin.openSockets() < 2, { what: 'the connection to be closed' });
        } finally {
          open = false;
        }
      },
  );
  const extras = new Extras(1);
  const downloading = kit.download(url, { openExtra: extras.openExtra });
  await waitFor(() => isAsked, { what: 'the second fragment' });
  extras.max = 0;
  extras.lent[0]?.abort();
  const saved = await downloading;
  assert.equal([saved.state, saved.body.equals(whole)], ['complete', true]);
  assert.equal([extras.refusals, extras.open, extras.lent.length], [0, 0, 1]);
});

test.after(async () => {
  await kit.close();
});

test.run();
