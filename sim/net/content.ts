/** What the simulated servers serve: bytes that say where in which version of which file they belong. */
import { Random } from '../world/random.ts';

const NOISE_BYTES = 64 * 1024;
const STAMP_EVERY = 1024;
const noise = Buffer.alloc(NOISE_BYTES);
new Random(1, 'content').fill(noise);

/** Of `bytes` bytes. Different for each id from the first bytes on, and not periodic: each KiB is stamped. */
export function contentOf(id: number, bytes: number): Buffer {
  const content = Buffer.allocUnsafe(bytes);
  const from = (id * 7919) % NOISE_BYTES;
  for (let at = 0; at < bytes;) {
    const start = (from + at) % NOISE_BYTES;
    at += noise.copy(content, at, start, Math.min(NOISE_BYTES, start + bytes - at));
  }
  for (let at = 0; at + 8 <= bytes; at += STAMP_EVERY) {
    content.writeUInt32LE(id, at);
    content.writeUInt32LE(at, at + 4);
  }
  return content;
}
