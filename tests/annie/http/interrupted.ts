/** Downloads that are interrupted in one of three ways, after which their server answers oddly. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile } from '#lib/annie/http/file/download.server.ts';
import { honest, type OddFile } from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { killWhen, STATE_FILE } from './kill-download.ts';
import { freshDir, jobFor } from './kit.ts';
import type { OddRow } from './odd-responses.ts';
import { type OddHandler, openOddKit } from './odd-kit.ts';

const MiB = 1024 * 1024;
const HELD_AT = Math.round(1.1 * MiB);
const { serve, outcome, options, close } = await openOddKit();
export { close };

/** Answers requests for the rest oddly, or with `always` all of them. */
function oddly({ answer }: OddRow, file: OddFile, always: boolean): OddHandler {
  return (request) => {
    const isRest = (request.from ?? 0) > 0;
    if (!always && !isRest && !request.path.endsWith('-elsewhere')) return honest(file, request);
    return answer(file, { ...request, from: isRest ? (request.from ?? 0) : HELD_AT });
  };
}

const holding =
  (file: OddFile): OddHandler =>
  (request) => ({
    ...honest(file, request),
    stop: { after: Math.max(0, HELD_AT - (request.from ?? 0)), how: 'hold' },
  });

interface PartialDownload {
  url: string;
  workDir: string;
}

/** A partial download, as a pause leaves it. */
async function paused(file: OddFile): Promise<PartialDownload> {
  const partial = { url: serve(holding(file)), workDir: await freshDir() };
  const abort = new AbortController();
  const job = jobFor(partial.url, partial.workDir, { signal: abort.signal });
  const running = downloadFile(job, options).catch(() => undefined);
  await waitFor(() => job.samples.at(-1)?.receivedBytes === HELD_AT, { what: 'the held bytes' });
  abort.abort();
  await settles(running);
  return partial;
}

/** A partial download, as kill -9 leaves it. */
async function killed(file: OddFile): Promise<PartialDownload> {
  const partial = { url: serve(holding(file)), workDir: await freshDir() };
  await killWhen(partial.url, partial.workDir, (_state, bodyBytes) => bodyBytes === HELD_AT);
  return partial;
}

/** A copy of its work dir, for another address. */
async function copyOf({ url, workDir }: PartialDownload, to: string): Promise<string> {
  const copy = await freshDir();
  await cp(workDir, copy, { recursive: true });
  const state = await readFile(join(copy, STATE_FILE), 'utf8');
  await writeFile(join(copy, STATE_FILE), state.replace(url, to));
  return copy;
}

export interface Interrupted {
  /** The outcome after each kind of interruption. */
  ends: (row: OddRow, always: boolean) => Promise<Record<'pause' | 'kill' | 'reconnect', string>>;
  /** The outcome after a pause if only the fast path gets odd responses. */
  endsFast: (row: OddRow) => Promise<string>;
}

/**
 * @param size of the file, in bytes
 * @param etag with its quotes; null = no validator
 */
export function interrupted(size: number, etag: string | null = '"v1"'): Interrupted {
  const file: OddFile = { seed: 61, size, etag };
  const partials = new Map<typeof paused, Promise<PartialDownload>>();
  const resumed = async (interrupt: typeof paused, answer: OddHandler): Promise<string> => {
    const partial = partials.get(interrupt) ?? interrupt(file);
    partials.set(interrupt, partial);
    const url = serve(answer);
    return outcome(url, await copyOf(await partial, url), file);
  };
  const reconnected = async (answer: OddHandler): Promise<string> => {
    let isBroken = false;
    const url = serve((request) => {
      isBroken ||= (request.from ?? 0) > 0;
      if (isBroken || request.from === null) return answer(request);
      return { ...honest(file, request), stop: { after: HELD_AT, how: 'cut' } };
    });
    return outcome(url, await freshDir(), file);
  };
  return {
    async ends(row, always) {
      const answer = oddly(row, file, always);
      const all = [resumed(paused, answer), resumed(killed, answer), reconnected(answer)] as const;
      const [pause, kill, reconnect] = await Promise.all(all);
      return { pause, kill, reconnect };
    },
    endsFast: (row) =>
      resumed(paused, (request) =>
        request.isFast ? oddly(row, file, true)(request) : honest(file, request),
      ),
  };
}
