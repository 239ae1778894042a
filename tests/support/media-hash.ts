/** Hashes of a file's content independent of its container, for files that were merged or remuxed. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** A hash over the decoded pictures: the same for the same video in .ts, .mp4 or .mkv. */
export async function picturesHash(path: string): Promise<string> {
  const args = ['-v', 'error', '-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'hash', '-'];
  const { stdout } = await run('ffmpeg', args);
  return stdout.trim();
}

/** The kinds of streams in a file, sorted: `['audio', 'video']`. */
export async function streamKinds(path: string): Promise<string[]> {
  const args = ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', path];
  const { stdout } = await run('ffprobe', args);
  return stdout.trim().split(/\s+/).sort();
}
