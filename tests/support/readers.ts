/** The readers of strangers' text, as the server has them; for the engines of one test file. Their processes end by themselves. */
import { ReaderPool } from '#lib/foreign/pool/reader-pool.server.ts';

export const readers = new ReaderPool();
