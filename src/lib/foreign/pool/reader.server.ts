/** The program of a process that reads untrusted text. Bundled separately (`scripts/build.ts`). */
import { readers } from '../readers.ts';
import { serveReads } from './reader-loop.server.ts';

serveReads(readers);
