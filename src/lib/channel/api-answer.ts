import type { Readable } from 'node:stream';
import type { PlainAnswer } from '../protocol/answer.ts';

/** As a session answers, or a file. */
export interface ApiAnswer extends Omit<PlainAnswer, 'body'> {
  body: string | Readable | null;
}
