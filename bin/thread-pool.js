/**
 * The size of libuv's thread pool, which is made at its first use: import this before anything that opens a file. Every
 * file call, name look-up and sync holds one of its threads; with four, a disk that answers a sync after 100 ms would hold
 * up all downloads; 64 may be in syncs (`sync.server.ts`). Plain JS like its neighbours. A size that the user has set stays.
 */
const THREADS = 96;

process.env.UV_THREADPOOL_SIZE ??= String(THREADS);
