/** The port to readers of untrusted text, which run in a process that is killed when it takes too long. */
import type { readers } from './readers.ts';

type Table = typeof readers;
export type ReaderName = keyof Table;
export type InputOf<Name extends ReaderName> = Parameters<Table[Name]>[0];
export type OutputOf<Name extends ReaderName> = ReturnType<Table[Name]>;

export interface Readers {
  /**
   * Bytes in `input.chunks` are taken: their buffers are empty afterwards.
   * @param signal of the calling job. An abort kills the process at once. A caller (the job's session) has one read at a
   * time; of those that wait, the smallest text of the callers that have used the least time goes first.
   * @throws SluiceError what the reader throws; `too_complex` past the limits of time and memory, or if it ends its process; `too_many_requests` for
   * the most expensive when too many wait; `not_ready` after `close`; the signal's reason
   */
  read<Name extends ReaderName>(
    name: Name,
    input: InputOf<Name>,
    signal: AbortSignal,
  ): Promise<OutputOf<Name>>;
}
