/** The readers of strangers' text, as the server has them; for the engines of one test file. Their threads end by themselves. */
import { ReaderPool } from '#lib/foreign/reader-pool.server.ts';

export const readers = new ReaderPool();
