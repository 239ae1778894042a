import type { Readable } from 'node:stream';
import type { PlainAnswer } from '../protocol/answer.ts';

/** As a session answers, or a file. */
export interface ApiAnswer extends Omit<PlainAnswer, 'headers' | 'body'> {
  /** Several lines where there are several cookies. */
  headers: Record<string, string | string[]>;
  body: string | Readable | null;
}
