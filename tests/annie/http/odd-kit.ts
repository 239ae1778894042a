/** What the tests of odd servers share: one origin with an address for each case, and the outcome of a download. */
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { downloadFile, type FileOptions } from '#lib/annie/http/file/download.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { sha256Of } from '../../site/content.ts';
import { type OddAnswer, type OddFile, type OddRequest, startOddOrigin } from '../../site/odd-origin.ts';
import { settles } from '../../support/wait.ts';
import { hashOf, jobFor, openGuard, removeDirs } from './kit.ts';
import { newFileOf, unversionedOf } from './odd-bodies.ts';

export type OddHandler = (request: OddRequest) => OddAnswer;

export interface OddKit {
  options: FileOptions;
  /** Adds an address that is answered so. `/clip-1.mp4-elsewhere` is answered as `/clip-1.mp4`. */
  serve: (answer: OddHandler) => string;
  /** The requests for an address so far. */
  requestsFor: (url: string) => OddRequest[];
  /** The name of the file that was downloaded, what is wrong with it, or the code of the failure. */
  outcome: (url: string, workDir: string, file: OddFile, more?: Partial<FileOptions>) => Promise<string>;
  close: () => Promise<void>;
}

export async function openOddKit(): Promise<OddKit> {
  const origin = await startOddOrigin();
  const answers = new Map<string, OddHandler>();
  origin.answer = (request) => {
    const answer = answers.get(request.path.replace('-elsewhere', ''));
    return answer?.(request) ?? { status: 404, headers: { 'content-length': 0 }, body: Buffer.alloc(0) };
  };
  const guard = openGuard();
  const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
  const options: FileOptions = { client, guard, maxConnections: 1, stallMs: 10_000, syncAtEnd: false };
  return {
    options,
    serve(answer) {
      const path = `/clip-${answers.size + 1}.mp4`;
      answers.set(path, answer);
      return origin.url + path;
    },
    requestsFor: (url) => origin.asked.filter(({ path }) => origin.url + path === url),
    async outcome(url, workDir, file, more = {}) {
      try {
        const running = downloadFile(jobFor(url, workDir), { ...options, ...more });
        const { path, bytes } = await settles(running, { deadlineMs: 90_000 });
        return nameOf(file, bytes, await hashOf(path));
      } catch (thrown) {
        if (thrown instanceof SluiceError) return thrown.code;
        throw thrown;
      }
    },
    async close() {
      await client.close();
      await origin.close();
      await removeDirs();
    },
  };
}

function nameOf(file: OddFile, bytes: number, hash: string): string {
  for (const [name, { seed, size }] of [
    ['the file', file],
    ['the new file', newFileOf(file)],
    ['the unversioned file', unversionedOf(file)],
  ] as const) {
    if (bytes === size && hash === sha256Of(seed, size)) return name;
  }
  return `complete with ${bytes} of ${file.size} bytes`;
}
