/** Downloads that are interrupted, each in one of three ways, and whose server then answers as a row says. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile } from '#lib/annie/http/file/download.server.ts';
import { honest, type OddFile } from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { killWhen, MAP } from './killed.ts';
import { freshDir, jobFor } from './kit.ts';
import type { OddRow } from './odd-answers.ts';
import { type Answer, openOddKit } from './odd-kit.ts';

const MiB = 1024 * 1024;
const HELD_AT = Math.round(1.1 * MiB);
const { serve, outcome, options, close } = await openOddKit();
export { close };

/** Answers oddly whoever asks for the rest, or `always` everybody. */
function oddly({ answer }: OddRow, file: OddFile, always: boolean): Answer {
  return (request) => {
    const isRest = (request.from ?? 0) > 0;
    if (!always && !isRest && !request.path.endsWith('-elsewhere')) return honest(file, request);
    return answer(file, { ...request, from: isRest ? (request.from ?? 0) : HELD_AT });
  };
}

const holding =
  (file: OddFile): Answer =>
  (request) => ({
    ...honest(file, request),
    stop: { after: Math.max(0, HELD_AT - (request.from ?? 0)), how: 'hold' },
  });

interface Left {
  url: string;
  workDir: string;
}

/** A work dir with the first bytes, as a pause leaves it. */
async function paused(file: OddFile): Promise<Left> {
  const left = { url: serve(holding(file)), workDir: await freshDir() };
  const abort = new AbortController();
  const job = jobFor(left.url, left.workDir, { signal: abort.signal });
  const running = downloadFile(job, options).catch(() => undefined);
  await waitFor(() => job.samples.at(-1)?.receivedBytes === HELD_AT, { what: 'the held bytes' });
  abort.abort();
  await settles(running);
  return left;
}

/** The same, as kill -9 leaves it. */
async function killed(file: OddFile): Promise<Left> {
  const left = { url: serve(holding(file)), workDir: await freshDir() };
  await killWhen(left.url, left.workDir, (map) => map.includes(`,${HELD_AT}]`));
  return left;
}

/** The same work dir for another address. */
async function copyOf({ url, workDir }: Left, to: string): Promise<string> {
  const copy = await freshDir();
  await cp(workDir, copy, { recursive: true });
  const map = await readFile(join(copy, MAP), 'utf8');
  await writeFile(join(copy, MAP), map.replace(url, to));
  return copy;
}

export interface Interrupted {
  /** How it ends, by how it was interrupted. */
  ends: (row: OddRow, always: boolean) => Promise<Record<'pause' | 'kill' | 'reconnect', string>>;
  /** The same after a pause where only the fast path gets odd answers. */
  endsFast: (row: OddRow) => Promise<string>;
}

/** @param size of the file, in bytes */
export function interrupted(size: number): Interrupted {
  const file: OddFile = { seed: 61, size, etag: '"v1"' };
  const lefts = new Map<typeof paused, Promise<Left>>();
  const resumed = async (leave: typeof paused, answer: Answer): Promise<string> => {
    const left = lefts.get(leave) ?? leave(file);
    lefts.set(leave, left);
    const url = serve(answer);
    return outcome(url, await copyOf(await left, url), file);
  };
  const reconnected = async (answer: Answer): Promise<string> => {
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
