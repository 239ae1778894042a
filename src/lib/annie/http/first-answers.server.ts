/** The first answers of the addresses of one job, by which a link that is good for one request is told. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Answer, Answers, type LentAnswer } from './answers.server.ts';
import type { HttpClient, HttpResponse } from './client.server.ts';
import type { Cookies } from './cookies.server.ts';
import { BODY_FILE } from './file/saved-state.server.ts';
import { explainRefusal } from './refusal.ts';
import { isAnswerInWords, isEmptyAnswer } from './range-refusal.ts';
import { mayRefuseFirstRange } from './status.ts';

export interface AnswersJob {
  session: string | null;
  cookies: Cookies | null;
  onWaiting?: ((isWaiting: boolean) => void) | undefined;
  /** Picked from a list. */
  wasListed?: boolean;
  /** Of a download. */
  workDir?: string;
}

export class FirstAnswers {
  readonly #answers: Answers;
  readonly #job: AnswersJob;

  constructor(answers: Answers, job: AnswersJob) {
    this.#answers = answers;
    this.#job = job;
  }

  /** For a job of which others know nothing. */
  static unshared(): FirstAnswers {
    return new FirstAnswers(new Answers(0), { session: null, cookies: null });
  }

  /**
   * From the first byte: a range is requested, and once more none if that is refused.
   * @throws SluiceError as `HttpClient.get`, and `remote_link_used`
   */
  async open(client: HttpClient, url: string, signal: AbortSignal): Promise<LentAnswer> {
    try {
      return await this.#lent(url, 'first', signal, (own) => firstAnswer(client, url, own));
    } catch (thrown) {
      signal.throwIfAborted();
      throw await this.explain(client, url, thrown);
    }
  }

  /** As `HttpClient.get`, for a part, or the whole without a range. Here 416 is an answer. */
  async get(
    client: HttpClient,
    url: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<HttpResponse> {
    const accept = headers['range'] === undefined ? [] : [416];
    const answer = await this.#lent(url, JSON.stringify(headers), signal, async (own) => ({
      response: await client.get(url, { signal: own, headers, accept }),
      from: null,
    }));
    answer.use();
    return answer.response;
  }

  /** A file is there. */
  noteFile({ page }: HttpClient, url: string): void {
    this.#answers.files.note({ session: this.#job.session, url, page }, performance.now());
  }

  /** `remote_link_used` for a refusal of a link that is known to have worked; else `thrown`. */
  async explain({ page }: HttpClient, url: string, thrown: unknown): Promise<unknown> {
    const { session, workDir, wasListed = false } = this.#job;
    const isKnown = this.#answers.files.has({ session, url, page }, performance.now());
    const wasAnswered = isKnown || (await hasBody(workDir));
    return explainRefusal(thrown, { wasAnswered, wasListed });
  }

  async #lent(
    url: string,
    variant: string,
    signal: AbortSignal,
    ask: (own: AbortSignal) => Promise<Omit<Answer, 'cookies'>>,
  ): Promise<LentAnswer> {
    const { session, cookies, onWaiting = () => undefined } = this.#job;
    const asked = { session, url, variant };
    const answer = await this.#answers.open(asked, cookies, ask, signal, onWaiting);
    if (answer.cookies !== null) await cookies?.adopt(answer.cookies);
    return answer;
  }
}

async function firstAnswer(
  client: HttpClient,
  url: string,
  signal: AbortSignal,
): Promise<Pick<Answer, 'response' | 'from'>> {
  const withoutRange = async (): Promise<Pick<Answer, 'response' | 'from'>> => ({
    response: await client.get(url, { signal }),
    from: null,
  });
  let ranged: HttpResponse;
  try {
    ranged = await client.get(url, { signal, headers: { range: 'bytes=0-' } });
  } catch (thrown) {
    if (!mayRefuseFirstRange(thrown)) throw thrown;
    return withoutRange();
  }
  if (isEmptyAnswer(ranged)) {
    ranged.discard();
    return withoutRange();
  }
  if (!isAnswerInWords(url, ranged)) return { response: ranged, from: 0 };
  try {
    const whole = await withoutRange();
    ranged.discard();
    return whole;
  } catch {
    // It may have been good for one request.
    signal.throwIfAborted();
    return { response: ranged, from: 0 };
  }
}

/** Whether an earlier attempt has received the file, or begun to. */
export async function hasBody(workDir: string | undefined): Promise<boolean> {
  if (workDir === undefined) return false;
  return access(join(workDir, BODY_FILE)).then(
    () => true,
    () => false,
  );
}
