/** Helpers for the tests of finishing. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '#lib/protocol/error.ts';

export const BODY = 'the whole file';

export async function put(workDir: string, body = BODY): Promise<{ path: string; bytes: number }> {
  const path = join(workDir, 'data');
  await fs.writeFile(path, body);
  return { path, bytes: Buffer.byteLength(body) };
}

/** The visible files of the folder. */
export async function listing(dir: string): Promise<string[]> {
  return (await fs.readdir(dir)).filter((name) => name !== '.sluice').sort();
}

export async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown.code;
    throw thrown;
  }
  return 'nothing thrown';
}
