/** Which content codings of a body have to be undone. Pure. */
import { contentTypeOf, dispositionName, type Head } from './head.ts';

/**
 * Those that we undo. All else counts as no coding, as in browsers: servers put charsets
 * (`utf-8`), `none`, `binary` and `aws-chunked` there, and of what is coded otherwise Chromium saves the bytes too.
 */
const CODINGS = new Set(['br', 'deflate', 'gzip', 'x-gzip', 'zstd']);

/** What is compressed itself, by its name or its type. */
const COMPRESSED: Partial<Record<string, { name: RegExp; type: RegExp }>> = {
  gzip: {
    name: /\.(gz|gzip|tgz|taz|svgz|emz|wmz|vgz|cpgz)$/i,
    type: /^application\/(?:.*[.+-])?(gzip|gunzip|tgz|compressed-tar|gtar-compressed|gzip-compressed)$/,
  },
  br: { name: /\.(br|tbr)$/i, type: /^application\/(x-)?(br|brotli)$/ },
  zstd: { name: /\.(zst|zstd|tzst)$/i, type: /^application\/(x-)?zstd$/ },
};

/** Content codings of the body; `[]` = it is not encoded. */
export function codingsOf(head: Head): string[] {
  return (head.get('content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => CODINGS.has(coding));
}

/**
 * Servers label archives as coded (`pack.tar.gz` with `Content-Encoding: x-gzip`). Where name or type say so too, the file is
 * the compressed one, as its publisher's checksum is. Firefox, curl and wget keep it so; Chromium unpacks it.
 */
export function withoutFalseCoding(url: URL, head: Head): Head {
  const [coding, ...others] = codingsOf(head);
  if (coding === undefined || others.length > 0) return head;
  const compressed = COMPRESSED[coding.replace('x-', '')];
  const isFalse =
    compressed?.name.test(dispositionName(head) ?? url.pathname) === true ||
    compressed?.type.test(contentTypeOf(head) ?? '') === true;
  if (!isFalse) return head;
  const plain = new Map(head);
  plain.delete('content-encoding');
  return plain;
}
