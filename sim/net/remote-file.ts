/** A file on a simulated server, and how the server answers requests for it: honestly, or as some servers lie. */
import { contentOf } from './content.ts';

/** See docs/adr/025-contradicting-answers.md. */
export type Lie =
  'none' | 'tail-as-whole' | 'other-start' | 'other-total' | 'ignores-if-range' | 'no-if-range-etag';

export interface RemoteFileSpec {
  host: string;
  name: string;
  bytes: number;
  validators: 'etag' | 'weak-etag' | 'date' | 'none';
  hasRanges: boolean;
  /** Does not say how long it is. */
  isChunked: boolean;
  lie: Lie;
  /** When another version replaces it, ms of the world; null = never. */
  replacedAt: number | null;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export class RemoteFile {
  readonly spec: RemoteFileSpec;
  readonly url: string;
  readonly #ids: [number, number];
  readonly #contents: (Buffer | null)[] = [null, null];

  /** @param id of its first version; the next is that of the other */
  constructor(spec: RemoteFileSpec, id: number) {
    this.spec = spec;
    this.url = `http://${spec.host}/${spec.name}`;
    this.#ids = [id, id + 1];
  }

  /** Every content that it ever had. */
  get contents(): Buffer[] {
    const versions = this.spec.replacedAt === null ? [0] : [0, 1];
    return versions.map((version) => this.#content(version));
  }

  answer(headers: Record<string, string>, nowMs: number): Answer {
    const { spec } = this;
    const version = spec.replacedAt !== null && nowMs >= spec.replacedAt ? 1 : 0;
    const content = this.#content(version);
    const own = this.#headers(version);
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? '');
    const ifRange = headers['if-range'];
    const isSame =
      ifRange === undefined ||
      spec.lie === 'ignores-if-range' ||
      ifRange === own['etag'] ||
      ifRange === own['last-modified'];
    if (range === null || !spec.hasRanges || !isSame) return this.#whole(content, own);
    const start = Number(range[1]);
    const end = range[2] === '' ? content.length : Math.min(content.length, Number(range[2]) + 1);
    if (start >= content.length) {
      const unsatisfied = { 'content-range': `bytes */${content.length}`, 'content-length': '0' };
      return { status: 416, headers: unsatisfied, body: Buffer.alloc(0) };
    }
    return this.#part(content, own, start, end, ifRange !== undefined);
  }

  #whole(content: Buffer, own: Record<string, string>): Answer {
    return { status: 200, headers: { ...own, ...this.#length(content.length) }, body: content };
  }

  #part(
    content: Buffer,
    own: Record<string, string>,
    start: number,
    end: number,
    isIfRange: boolean,
  ): Answer {
    const { lie } = this.spec;
    const isFirst = start === 0;
    if (lie === 'tail-as-whole' && !isFirst) {
      const body = content.subarray(start);
      return { status: 200, headers: { ...own, 'content-length': String(body.length) }, body };
    }
    const from = lie === 'other-start' && !isFirst ? Math.max(0, start - 100) : start;
    const total = content.length + (lie === 'other-total' && !isFirst ? 1 : 0);
    const headers = {
      ...own,
      'content-range': `bytes ${from}-${end - 1}/${total}`,
      ...this.#length(end - from),
    };
    if (lie === 'no-if-range-etag' && isIfRange) delete (headers as Record<string, string>)['etag'];
    return { status: 206, headers, body: content.subarray(from, end) };
  }

  #headers(version: number): Record<string, string> {
    const { validators, name } = this.spec;
    const tag = `"${name}-${version}"`;
    const common = { 'content-type': 'video/mp4', date: 'Sun, 29 Nov 2026 12:00:00 GMT' };
    if (validators === 'etag') return { ...common, etag: tag };
    if (validators === 'weak-etag') return { ...common, etag: `W/${tag}` };
    if (validators === 'date')
      return { ...common, 'last-modified': `Sun, 0${version + 1} Nov 2026 12:00:00 GMT` };
    return common;
  }

  #length(bytes: number): Record<string, string> {
    return this.spec.isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes) };
  }

  #content(version: number): Buffer {
    return (this.#contents[version] ??= contentOf(this.#ids[version] as number, this.spec.bytes));
  }
}
