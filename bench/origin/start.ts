/** Starts the origin server of the benches. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeCertificate } from '../../tests/site/tls.ts';

export interface FileOptions {
  /** Base name; the same options give the same file. */
  name?: string;
  bytes: number;
  /** Bytes a second of each connection. */
  rate?: number;
  /** Bytes a second of all connections to this address together. */
  shared?: number;
}

export interface Origin {
  pid: number;
  /** @throws Error for https without `withTls` */
  url(wish: FileOptions, scheme?: 'http' | 'https'): string;
  /** The path of a PEM file, for curl's --cacert and NODE_EXTRA_CA_CERTS. */
  caFile: string;
  close(): Promise<void>;
}

export async function startOrigin({ withTls = false } = {}): Promise<Origin> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-origin-'));
  const [keyFile, caFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  if (withTls) {
    const { key, cert } = await makeCertificate();
    writeFileSync(keyFile, key);
    writeFileSync(caFile, cert);
  }
  const args = [join(import.meta.dirname, 'serve.ts'), ...(withTls ? [keyFile, caFile] : [])];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const ports = JSON.parse(line) as { http: number; https: number | null };
  return {
    pid: child.pid ?? 0,
    caFile,
    url({ name = 'media', bytes, rate, shared }, scheme = 'http') {
      const port = ports[scheme];
      if (port === null) throw new Error('the origin was started without TLS');
      const url = new URL(`${scheme}://127.0.0.1:${port}/${name}.mp4?bytes=${bytes}`);
      if (rate !== undefined) url.searchParams.set('rate', String(rate));
      if (shared !== undefined) url.searchParams.set('shared', String(shared));
      return url.href;
    },
    async close() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
      rmSync(dir, { recursive: true });
    },
  };
}
