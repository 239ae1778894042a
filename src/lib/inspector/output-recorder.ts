/**
 * Keeps the output of engines for traces while there are readers, in memory and bounded. Raw bytes are kept only until
 * the next flush, which masks their secrets outside of any turn.
 */
import type { ProcessRun } from '../process/process-observers.ts';
import type { EngineName } from '../protocol/media.ts';
import type { TraceRecording } from '../protocol/inspection.ts';
import type { OutputChunk } from './record.ts';
import { safeText } from './safe-json.ts';
import { StreamMask } from './stream-mask.ts';

const MAX_RUN_BYTES = 4 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;
/** Of all runs together: 17 ms at 15 MB/s, for which a turn may have to wait. */
const MAX_MASKED_PER_INTERVAL = 256 * 1024;

/** The download that an engine runs for; nulls = for none, as when its version is checked. */
export interface EngineOwner {
  download: string | null;
  session: string | null;
  engine: EngineName | null;
}

interface RecordedExit {
  exitCode: number | null;
  signal: string | null;
  endMs: number;
}

class OutputRecording {
  readonly run: ProcessRun;
  readonly owner: EngineOwner;
  readonly chunks: OutputChunk[] = [];
  bytes = 0;
  exit: RecordedExit | null = null;
  isCut: boolean;
  #pending: { slot: OutputChunk; raw: Uint8Array }[] = [];
  readonly #masks: Record<1 | 2, StreamMask>;

  constructor(run: ProcessRun, owner: EngineOwner, isCut: boolean) {
    this.run = run;
    this.owner = owner;
    this.isCut = isCut;
    // lux prints its progress bar without line ends.
    const begun = !isCut
      ? 'nothing'
      : owner.engine === 'lux' || owner.engine === 'annie'
        ? 'a word'
        : 'a line';
    this.#masks = { 1: new StreamMask(begun), 2: new StreamMask(begun) };
  }

  add(slot: OutputChunk, chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.bytes > MAX_RUN_BYTES) {
      this.isCut = true;
      return;
    }
    // The process host reuses its buffer.
    this.#pending.push({ slot, raw: chunk.slice() });
  }

  /** Masks whole chunks, up to about `most` bytes. @returns how many bytes */
  maskPending(most: number): number {
    let count = 0;
    let bytes = 0;
    while (count < this.#pending.length && bytes < most) bytes += this.#pending[count++]?.raw.length ?? 0;
    const pending = this.#pending.splice(0, count);
    for (const fd of [1, 2] as const) {
      const parts = pending.filter(({ slot }) => slot.fd === fd);
      if (parts.length === 0) continue;
      const isLast = this.exit !== null && this.#pending.length === 0;
      const masked = this.#masks[fd].push(
        parts.map(({ raw }) => raw),
        isLast,
      );
      for (const [index, { slot }] of parts.entries()) slot.masked = masked[index] ?? null;
    }
    for (const { slot } of pending) this.chunks.push(slot);
    return bytes;
  }
}

export class OutputRecorder {
  readonly #recordings = new Map<string, OutputRecording>();

  /** @param isLate it was running already, so its first output is missing */
  begin(run: ProcessRun, owner: EngineOwner, isLate: boolean): void {
    this.#recordings.set(run.mark, new OutputRecording(run, owner, isLate));
  }

  ownerOf(mark: string): EngineOwner | null {
    return this.#recordings.get(mark)?.owner ?? null;
  }

  add(run: ProcessRun, fd: 1 | 2, chunk: Uint8Array): OutputChunk {
    const slot: OutputChunk = { t: performance.now() - run.startedAt, fd, bytes: chunk.length, masked: null };
    this.#recordings.get(run.mark)?.add(slot, chunk);
    return slot;
  }

  end(run: ProcessRun, exit: RecordedExit): void {
    const recording = this.#recordings.get(run.mark);
    if (recording !== undefined) recording.exit = exit;
  }

  /** Masks pending output, as much as one interval allows, and drops the oldest ended runs past the memory limit. */
  maskPending(most = MAX_MASKED_PER_INTERVAL): void {
    let left = most;
    let bytes = 0;
    for (const recording of this.#recordings.values()) {
      left -= recording.maskPending(left);
      bytes += Math.min(recording.bytes, MAX_RUN_BYTES);
    }
    for (const [mark, { exit, bytes: own }] of this.#recordings) {
      if (bytes <= MAX_BYTES) return;
      if (exit === null) continue;
      this.#recordings.delete(mark);
      bytes -= Math.min(own, MAX_RUN_BYTES);
    }
  }

  clear(): void {
    this.#recordings.clear();
  }

  /** @param versions of the installed engines; replaying a recording chooses the dialect by them */
  recordingsOf(download: string, versions: Readonly<Partial<Record<EngineName, string>>>): TraceRecording[] {
    this.maskPending(Infinity);
    return [...this.#recordings.values()]
      .filter(({ owner }) => owner.download === download)
      .map(({ run, owner, exit, chunks, isCut }) => ({
        engine: `engine:${run.mark}` as const,
        header: {
          engine: dialectName(run.argv, owner.engine),
          version: (owner.engine && versions[owner.engine]) ?? null,
          argv: run.argv.map(safeText),
          mode: 'pipe' as const,
          exitCode: exit?.exitCode ?? null,
          signal: exit?.signal ?? null,
          endMs: exit?.endMs ?? null,
        },
        chunks: chunks.map(({ t, fd, masked }) => ({
          t: Math.round(t * 1000) / 1000,
          fd,
          data: Buffer.from(masked ?? []).toString('base64'),
        })),
        cut: isCut,
      }));
  }
}

/** The engine name in a recording's header. The stand-in plays output of lux. */
function dialectName(argv: readonly string[], engine: EngineName | null): string {
  if (engine === 'stand-in') return 'lux';
  const program = argv[0]?.slice(argv[0].lastIndexOf('/') + 1) ?? '';
  return /^(?:yt-dlp|lux|annie|ffmpeg)/.test(program) ? program : (engine ?? program);
}
