/** The faults that a file request asks for in its query. */
export interface FileOptions {
  size: number;
  seed: number;
  /** Bytes a second for this connection; null = not limited. */
  bytesPerSecond: number | null;
  /** Raw Content-Disposition. */
  disposition: string | null;
  type: string;
  faults: Map<string, string>;
  /** Faults happen only on this many first requests of the address; null = always. */
  times: number | null;
  /** Faults begin after this many requests of the address. */
  after: number;
}

/**
 * `size` (1 MiB), `seed` (1), `rate` (bytes/s), `disposition`, `type`, `times`, `after`, and `fault`: a comma list of
 * `no-range` `ignore-range` `cut-at=N` `416` `etag-changes` `weak-etag` `no-validators` `status=503`
 * `retry-after=S` `reset` `stall-at=N` `short` `long` `unknown-size` `gzip` `wrong-range` `no-head` `hang`.
 */
export function readFileOptions(query: URLSearchParams): FileOptions {
  const number = (name: string): number | null => (query.has(name) ? Number(query.get(name)) : null);
  const faults = new Map<string, string>();
  for (const fault of (query.get('fault') ?? '').split(',').filter((text) => text !== '')) {
    const [name = '', value = ''] = fault.split('=');
    faults.set(name, value);
  }
  return {
    size: number('size') ?? 1024 * 1024,
    seed: number('seed') ?? 1,
    bytesPerSecond: number('rate'),
    disposition: query.get('disposition'),
    type: query.get('type') ?? 'application/octet-stream',
    faults,
    times: number('times'),
    after: number('after') ?? 0,
  };
}
