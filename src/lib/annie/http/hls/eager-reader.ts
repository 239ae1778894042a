/**
 * Reads a stream from the moment it is there, whatever its consumer is doing: a stream that breaks drops what nobody has
 * read yet, so that a connection that breaks after each 30 kB could bring no byte at all.
 */
import type { Readable } from 'node:stream';

/** Then the stream pauses until half of it is consumed. */
const HIGH_WATER_BYTES = 256 * 1024;

/** All chunks, and then the error, if there was one. The stream has to be destroyed by the caller. */
export function readEagerly(stream: Readable): AsyncIterable<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let end: { error: Error | null } | null = null;
  let resume: (() => void) | null = null;
  const finish = (error: Error | null): void => {
    end ??= { error };
    resume?.();
  };
  stream
    .on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > HIGH_WATER_BYTES) stream.pause();
      resume?.();
    })
    .on('end', () => finish(null))
    .on('error', finish)
    .on('close', () => finish(Object.assign(new Error('closed'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })));

  async function* read(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        bytes -= chunk.length;
        if (bytes <= HIGH_WATER_BYTES / 2 && stream.isPaused()) stream.resume();
        yield chunk;
      } else if (end === null) {
        await new Promise<void>((resolve) => (resume = resolve));
        resume = null;
      } else {
        if (end.error !== null) throw end.error;
        return;
      }
    }
  }
  return read();
}
