import type { Readable } from 'node:stream';
import type { PlainAnswer } from '../protocol/answer.ts';

/** An answer of a session, or a file to stream. */
export interface ApiAnswer extends Omit<PlainAnswer, 'headers' | 'body'> {
  /** An array where a header is repeated (Set-Cookie). */
  headers: Record<string, string | string[]>;
  body: string | Readable | null;
}
