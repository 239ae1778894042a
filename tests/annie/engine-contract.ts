/** The contract of every engine. The test of an engine calls this with its subject. */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import type { Engine, EngineJob } from '#lib/annie/engine.ts';
import type { FetchedFile } from '#lib/files/fetched-file.ts';
import { type ErrorCode, SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem } from '#lib/protocol/media.ts';
import type { Sample } from '#lib/protocol/progress.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';

export interface ContractMedia {
  url: string;
  bytes: number;
  /** Lower-case hex; null where an engine may write the same media in another way (a remux). */
  sha256: string | null;
}

export interface ContractSubject {
  engine: Engine;
  /** Has one item with this default stream. */
  media: ContractMedia;
  /** As `media`, but so slow that it can be aborted in the middle. */
  slow: ContractMedia;
  /** An address without media, and the codes for it. */
  missing: { url: string; codes: ErrorCode[] };
  /** A private address that the guard refuses; null if the engine has no network access (the stand-in). */
  refused: string | null;
  close?(): Promise<void>;
}

interface Run {
  job: EngineJob;
  samples: Sample[];
  phases: string[];
}

/** @param reason why the subject is not available here (a loud skip), or null */
export function engineContract(
  test: Test,
  reason: string | null,
  open: () => Promise<ContractSubject>,
): void {
  let subject: ContractSubject | null = null;
  let root = '';

  const it = (name: string, body: (subject: ContractSubject, dir: string) => Promise<void>): void => {
    testUnless(test, reason, `contract: ${name}`, async () => {
      subject ??= await open();
      root ||= await mkdtemp(join(tmpdir(), 'sluice-contract-'));
      const dir = join(await mkdtemp(join(root, 'job-')), 'work');
      await mkdir(dir);
      await body(subject, dir);
    });
  };

  test.after(async () => {
    await subject?.close?.();
    if (root) await rm(root, { recursive: true, force: true });
  });

  it('it is ready and calls itself by its name', async ({ engine }) => {
    const status = await settles(engine.status());
    assert.is(status.engine, engine.name);
    assert.is(status.state, 'ready');
  });

  it('it claims addresses of every kind without failing', async ({ engine, media }) => {
    const url = new URL(media.url);
    for (const kind of [{ kind: 'page' }, { kind: 'manifest', format: 'dash' }] as const) {
      assert.ok(['site', 'generic', 'no'].includes(await engine.supports(url, kind)));
    }
  });

  it('a parse lists complete items with one default stream each, and reports the same items early', async ({
    engine,
    media,
  }) => {
    const early: MediaItem[] = [];
    const { signal } = new AbortController();
    const result = await settles(
      engine.parse({ url: media.url, signal, onItems: (items) => early.push(...items) }),
    );
    assert.is(result.engine, engine.name);
    assert.ok(result.items.length > 0);
    for (const item of result.items) {
      assert.ok(item.id !== '' && item.title !== '' && item.site !== '' && URL.canParse(item.url));
      assert.is(item.streams.filter(({ isDefault }) => isDefault).length, 1);
      assert.is(new Set(item.streams.map(({ id }) => id)).size, item.streams.length);
      for (const stream of item.streams) {
        assert.match(stream.ext, /^[a-z0-9]{1,8}$/);
        assert.ok(stream.id.length > 0 && stream.id.length <= 256 && stream.quality !== '');
        assert.ok(stream.bytes === null || stream.bytes >= 0);
      }
    }
    const known = new Set(result.items.map(({ id }) => id));
    for (const item of early) assert.ok(known.has(item.id));
  });

  it('a listed item can be downloaded by url and stream id alone', async ({ engine, media }, dir) => {
    const { items } = await settles(engine.parse({ url: media.url, signal: new AbortController().signal }));
    const [item] = items;
    const stream = item?.streams.find(({ isDefault }) => isDefault);
    const run = runIn(dir, item?.url ?? '', stream?.id ?? null);
    await assertComplete(await settles(engine.download(run.job)), media, dir);
  });

  it('without a stream id the default is downloaded; samples rise and never pass the end', async ({
    engine,
    media,
  }, dir) => {
    const run = runIn(dir, media.url);
    await assertComplete(await settles(engine.download(run.job)), media, dir);
    const received = run.samples.map(({ receivedBytes }) => receivedBytes);
    assert.equal(
      received,
      [...received].sort((a, b) => a - b),
    );
    for (const { receivedBytes, totalBytes, percent } of run.samples) {
      assert.ok(totalBytes === null || receivedBytes <= totalBytes);
      assert.ok(percent === null || (percent >= 0 && percent <= 100));
    }
    assert.equal(run.phases, [...run.phases].sort(), 'download before finish');
  });

  it('it writes nothing beside its work dir', async ({ engine, media }, dir) => {
    await settles(engine.download(runIn(dir, media.url).job));
    assert.equal(await readdir(dirname(dir)), ['work']);
  });

  it('an abort ends a download with the reason of the abort, and the next attempt completes it', async ({
    engine,
    slow,
  }, dir) => {
    const abort = new AbortController();
    const reason = new Error('stopped by the test');
    const run = runIn(dir, slow.url, null, abort.signal);
    const ended = engine.download(run.job).then(
      () => 'done',
      (thrown: unknown) => thrown,
    );
    await waitFor(() => (run.samples.at(-1)?.receivedBytes ?? 0) > slow.bytes / 8, {
      what: 'an eighth of the bytes',
    });
    abort.abort(reason);
    assert.is(await settles(ended), reason);
    const left = await bytesIn(dir);
    await assertComplete(
      await settles(engine.download(runIn(dir, slow.url).job), { deadlineMs: 60_000 }),
      slow,
      dir,
    );
    assert.ok(left > 0, 'bytes are kept for the next attempt');
  });

  it('a signal that is already aborted starts nothing', async ({ engine, media }, dir) => {
    const reason = new Error('too late');
    const signal = AbortSignal.abort(reason);
    assert.is(await settles(rejectionOf(engine.download(runIn(dir, media.url, null, signal).job))), reason);
    assert.is(await settles(rejectionOf(engine.parse({ url: media.url, signal }))), reason);
    assert.is(await bytesIn(dir), 0);
  });

  it('a quality that is not offered is stream_not_found', async ({ engine, media }, dir) => {
    const thrown = await settles(rejectionOf(engine.download(runIn(dir, media.url, 'no-such-quality').job)));
    assert.is(thrown instanceof SluiceError ? thrown.code : thrown, 'stream_not_found');
  });

  it('missing media has a code that says so', async ({ engine, missing }, dir) => {
    const { signal } = new AbortController();
    for (const attempt of [
      () => engine.download(runIn(dir, missing.url).job),
      () => engine.parse({ url: missing.url, signal }),
    ]) {
      const thrown = await settles(rejectionOf(attempt()));
      assert.ok(thrown instanceof SluiceError && missing.codes.includes(thrown.code), String(thrown));
    }
  });

  it('a private address is address_refused', async ({ engine, refused }, dir) => {
    if (refused === null) return;
    const thrown = await settles(rejectionOf(engine.download(runIn(dir, refused).job)));
    assert.is(thrown instanceof SluiceError ? thrown.code : thrown, 'address_refused');
  });
}

function runIn(
  workDir: string,
  url: string,
  streamId: string | null = null,
  signal = new AbortController().signal,
): Run {
  const samples: Sample[] = [];
  const phases: string[] = [];
  const job: EngineJob = {
    ...{ url, streamId, workDir, signal },
    onSample: (sample) => void samples.push({ ...sample }),
    onPhase: (phase) => void (phases.at(-1) === phase || phases.push(phase)),
    onInfo: () => {},
    onOutput: () => {},
  };
  return { job, samples, phases };
}

async function assertComplete(result: FetchedFile, media: ContractMedia, dir: string): Promise<void> {
  assert.ok(resolve(result.path).startsWith(resolve(dir) + sep), 'inside the work dir');
  assert.is((await stat(result.path)).size, result.bytes);
  assert.ok(result.suggestedName.length > 0);
  if (media.sha256 === null) return;
  assert.is(result.bytes, media.bytes);
  assert.is(
    createHash('sha256')
      .update(await readFile(result.path))
      .digest('hex'),
    media.sha256,
  );
}

async function bytesIn(dir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(dir)) bytes += (await stat(join(dir, name))).size;
  return bytes;
}

async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing thrown',
    (thrown: unknown) => thrown,
  );
}
