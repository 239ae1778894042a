/** How strangers' text is read: by name, in a thread that is ended when it takes too long. */
import type { readers } from './readers.ts';

type Table = typeof readers;
export type ReaderName = keyof Table;
export type InputOf<Name extends ReaderName> = Parameters<Table[Name]>[0];
export type OutputOf<Name extends ReaderName> = ReturnType<Table[Name]>;

export interface Readers {
  /**
   * Bytes in `input.chunks` are given away: their buffers are empty afterwards.
   * @param signal of the job that asks. Its abort ends the thread at once. One job has one read at a time; its others wait,
   * and the job that has used the least goes first.
   * @throws SluiceError what the reader throws; `too_complex` past the time or the memory that a read may take;
   * `too_many_requests` when too many wait; `not_ready` after `close`; the signal's reason
   */
  read<Name extends ReaderName>(
    name: Name,
    input: InputOf<Name>,
    signal: AbortSignal,
  ): Promise<OutputOf<Name>>;
}
