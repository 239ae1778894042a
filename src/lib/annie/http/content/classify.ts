/** What a response is: a file, a manifest or a page. By its type, its name and its first bytes. Pure. */
import { beginsAsPage, startText, textKindOf, withoutMark } from '../../../protocol/text-kind.ts';
import type { UrlKind } from '../../engine.ts';
import { isAttachment } from '../head/disposition.ts';
import { extentOf } from '../head/extent.ts';
import { binaryKind, latin1 } from './binary.ts';
import { charsetOf, contentLengthOf, contentTypeOf, dispositionName, type Head } from '../head/head.ts';
import { isBinaryExtension, isTextExtension } from '../head/mime-types.ts';
import { extensionOf, namesBytes } from '../head/names.ts';

/** Enough to see `#EXTM3U`, `<?xml … <MPD` or `<html` behind a comment. */
export const SNIFF_BYTES = 1024;

const HTML_TYPES = new Set(['text/html', 'application/xhtml+xml']);
const HLS_TYPES = new Set([
  'application/vnd.apple.mpegurl',
  'application/x-mpegurl',
  'application/mpegurl',
  'audio/mpegurl',
  'audio/x-mpegurl',
]);
/** A feed is a page that lists its episodes. */
const FEED_TYPES = new Set([
  'application/rss+xml',
  'application/atom+xml',
  'application/rdf+xml',
  'application/feed+json',
]);
/** Types that servers give to anything: the first bytes decide. */
const GENERIC_TYPES = new Set([
  'application/octet-stream',
  'binary/octet-stream',
  'text/plain',
  'application/xml',
  'text/xml',
]);

/** Of what a server says of an error. */
const WORDS = /^(?:text\/plain|.*[/+](?:json|xml))$/;
/** The same, by its start. */
const ERROR = /^(?:<\?xml\s|\{\s*"|<Error>)/;

/** Of what a server says of an error in JSON, XML or plain text. */
const MAX_WORDS_BYTES = 64 * 1024;

/** @param start as for `classify`; none = the head alone decides */
export function isShortText(head: Head, start: Uint8Array | null = null): boolean {
  const bytes = contentLengthOf(head) ?? (start === null || start.length < SNIFF_BYTES ? 0 : Infinity);
  const isWords = WORDS.test(contentTypeOf(head) ?? '') || (start !== null && ERROR.test(latin1(start)));
  return isWords && bytes <= MAX_WORDS_BYTES;
}

export function isPageType(contentType: string): boolean {
  return HTML_TYPES.has(contentType);
}

/** By its head alone: not what the server calls a page or a manifest. */
export function isFile({ url, status, head }: { url: URL; status: number; head: Head }): boolean {
  return classify(url, status, head, new Uint8Array()).kind === 'file';
}

/** Size in bytes of the whole file behind a response to `bytes=0-`; null = not announced, or contradictory. */
function announcedSizeOf(status: number, head: Head): number | null {
  const extent = extentOf(status, head);
  if (extent.kind === 'whole') return extent.bytes;
  return extent.kind === 'part' && extent.start === 0 && extent.fits ? extent.totalBytes : null;
}

/** @param start the first `SNIFF_BYTES` of the body, or all of a shorter one */
export function classify(url: URL, status: number, head: Head, start: Uint8Array): UrlKind {
  const contentType = contentTypeOf(head);
  const sniffed = start.subarray(0, SNIFF_BYTES);
  const text = withoutMark(startText(sniffed));
  const kind = textKindOf(text);
  if (kind === 'hls') return { kind: 'manifest', format: 'hls' };
  if (contentType !== null && HLS_TYPES.has(contentType)) return { kind: 'manifest', format: 'hls' };
  const isGeneric = contentType === null || GENERIC_TYPES.has(contentType);
  const ext = extensionOf(dispositionName(head) ?? url.pathname);
  if (contentType === 'application/dash+xml') return { kind: 'manifest', format: 'dash' };
  if ((isGeneric || ext === 'mpd') && kind === 'dash') return { kind: 'manifest', format: 'dash' };
  const isHtml = contentType !== null && isPageType(contentType);
  const isShown = !isAttachment(head.get('content-disposition'));
  // Servers give this type to files that they do not know, too.
  const isText = text === '' || binaryKind(latin1(sniffed), charsetOf(head)) === null;
  // Words under the name of a text are one, as subtitles with a tag in them; under another name they are no archive.
  const isTextFile = text !== '' && isTextExtension(ext);
  // A comment may be in front of XML, too.
  const isPage = beginsAsPage(text) && !(isTextFile && text.startsWith('<!--'));
  if (isHtml && isShown && isText && !(isTextFile && !isPage)) return { kind: 'page' };
  if (contentType === null && isPage) return { kind: 'page' };
  // Words where the address names an archive or a video: a browser shows them, or can make nothing of them.
  const isWords = isShown && isText && text !== '';
  if (isWords && isPage && namesBytes(url.href)) return { kind: 'page' };
  if (isWords && isShortText(head, start) && isBinaryExtension(extensionOf(url.pathname)))
    return { kind: 'page' };
  if (
    isShown &&
    (FEED_TYPES.has(contentType ?? '') ||
      (isXml(contentType) && kind === 'feed') ||
      (isJson(contentType) && kind === 'json-feed'))
  )
    return { kind: 'page' };
  return { kind: 'file', contentType, bytes: announcedSizeOf(status, head) };
}

/** Whether bytes begin as an HLS manifest does. @param start as for `classify` */
export function beginsAsHls(start: Uint8Array): boolean {
  return textKindOf(startText(start.subarray(0, SNIFF_BYTES))) === 'hls';
}

function isJson(contentType: string | null): boolean {
  return contentType === null || contentType === 'application/json' || GENERIC_TYPES.has(contentType);
}

function isXml(contentType: string | null): boolean {
  return contentType === null || GENERIC_TYPES.has(contentType) || contentType.endsWith('+xml');
}
