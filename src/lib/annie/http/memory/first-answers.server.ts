/** The requests of one job, which use the first answers of other jobs, and know a link that is good for one request. */
import { type KeptAnswer, Answers, type AnswerInUse } from './answers.server.ts';
import type { HttpClient, HttpResponse } from '../client/client.server.ts';
import type { Cookies } from '../client/cookies.server.ts';
import { hasBodyFile } from '../file/saved-state.server.ts';
import { explainRefusal } from '../failure/refusal.ts';
import { isTextAnswer, isEmptyAnswer } from '../failure/range-refusal.ts';
import { mayRefuseFirstRange } from '../failure/status.ts';

export interface AnswersJob {
  session: string | null;
  cookies: Cookies | null;
  onWaiting?: ((isWaiting: boolean) => void) | undefined;
  /** The address was picked from a list. */
  wasListed?: boolean;
  /** Of a download; absent for a look-up. */
  workDir?: string;
}

export class FirstAnswers {
  readonly #answers: Answers;
  readonly #job: AnswersJob;

  constructor(answers: Answers, job: AnswersJob) {
    this.#answers = answers;
    this.#job = job;
  }

  /** For a job that shares no answers. */
  static unshared(): FirstAnswers {
    return new FirstAnswers(new Answers(0), { session: null, cookies: null });
  }

  /**
   * Requests the file from its first byte, as a range; if that is refused once more without one.
   * @throws SluiceError as `HttpClient.get`, and `remote_link_used`
   */
  async open(client: HttpClient, url: string, signal: AbortSignal): Promise<AnswerInUse> {
    try {
      return await this.#openShared(url, 'first', signal, (own) => firstAnswer(client, url, own));
    } catch (thrown) {
      signal.throwIfAborted();
      throw await this.explain(client, url, thrown);
    }
  }

  /** As `HttpClient.get`, for a part, or without a range for the whole. For a part 416 is an answer, no error. */
  async get(
    client: HttpClient,
    url: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<HttpResponse> {
    const accept = headers['range'] === undefined ? [] : [416];
    const answer = await this.#openShared(url, JSON.stringify(headers), signal, async (ownSignal) => ({
      response: await client.get(url, { signal: ownSignal, headers, accept }),
      from: null,
    }));
    answer.use();
    return answer.response;
  }

  /** Notes that the address was answered with a file. */
  recordFile({ page }: HttpClient, url: string): void {
    this.#answers.files.record({ session: this.#job.session, url, page }, performance.now());
  }

  /** @returns `remote_link_used` for a refusal of a link that is known to have worked; else `thrown` */
  async explain({ page }: HttpClient, url: string, thrown: unknown): Promise<unknown> {
    const { session, workDir, wasListed = false } = this.#job;
    const isKnown = this.#answers.files.has({ session, url, page }, performance.now());
    const wasAnswered = isKnown || (workDir !== undefined && (await hasBodyFile(workDir)));
    return explainRefusal(thrown, { wasAnswered, wasListed });
  }

  async #openShared(
    url: string,
    variant: string,
    signal: AbortSignal,
    request: (ownSignal: AbortSignal) => Promise<Omit<KeptAnswer, 'cookies'>>,
  ): Promise<AnswerInUse> {
    const { session, cookies, onWaiting = () => undefined } = this.#job;
    const key = { session, url, variant };
    const answer = await this.#answers.open(key, cookies, request, signal, onWaiting);
    if (answer.cookies !== null) await cookies?.adopt(answer.cookies);
    return answer;
  }
}

async function firstAnswer(
  client: HttpClient,
  url: string,
  signal: AbortSignal,
): Promise<Pick<KeptAnswer, 'response' | 'from'>> {
  const withoutRange = async (): Promise<Pick<KeptAnswer, 'response' | 'from'>> => ({
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
  if (!isTextAnswer(url, ranged)) return { response: ranged, from: 0 };
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
