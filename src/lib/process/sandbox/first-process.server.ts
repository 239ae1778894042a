/** The first process of a sandbox, as bubblewrap reports it. */
import type { Readable } from 'node:stream';
import { statOf } from '../process-group.server.ts';

export interface FirstProcess {
  pid: number;
  /** Unique together with the pid; null = it had ended before it could be identified. */
  startTicks: string | null;
}

/** bubblewrap's report is a line of JSON, long before this. */
const MAX_STATUS_CHARS = 4096;

/** @param status the pipe on which bubblewrap reports (`--json-status-fd`) @returns null until the report is there */
export function firstProcess(status: Readable | null | undefined): () => FirstProcess | null {
  let first: FirstProcess | null = null;
  let text = '';
  status?.on('error', () => undefined);
  status?.on('data', (chunk: Buffer) => {
    if (first !== null || text.length > MAX_STATUS_CHARS) return;
    text += chunk.toString('latin1');
    const pid = Number(/"child-pid": *(\d+)/.exec(text)?.[1]);
    if (pid > 0) first = { pid, startTicks: statOf(pid)?.startTicks ?? null };
  });
  return () => first;
}
