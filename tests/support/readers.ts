/** The readers of untrusted text, as in the server, for the engines of a test file. Their threads end by themselves. */
import { createReaders } from '#lib/foreign/reader-pool.server.ts';

export const readers = createReaders();
