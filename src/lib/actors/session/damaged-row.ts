/** The row shown for a download whose stored row is damaged: in `error`, with what can still be read of it. */
import { SluiceError } from '../../protocol/error.ts';
import { cleanTitle } from '../../protocol/title.ts';
import { type DownloadRow, ROW_VERSION } from '../download/row.ts';
import type { DownloadState } from '../../protocol/download.ts';
import { parseIndexKey } from './index-key.ts';
import type { DamagedEntry, MendedKv } from './mended-kv.ts';

/** The page shows a text in the person's language before it. */
const TITLE = 'Damaged entry';

/**
 * @param text what is stored; null = nothing that is text
 * @param at for what is not known any more, ms since 1970
 */
export function damagedRow(id: string, n: number, text: string | null, at: number): DownloadRow {
  return {
    v: ROW_VERSION,
    id,
    n,
    url: urlIn(text ?? ''),
    streamId: null,
    wantedEngine: null,
    wantedName: null,
    title: cleanTitle(wordIn(text ?? '', 'title')) || TITLE,
    engine: null,
    state: 'error',
    receivedBytes: 0,
    totalBytes: null,
    percent: null,
    attempt: 1,
    failures: 0,
    createdAt: at,
    finishedAt: at,
    dueAt: null,
    file: null,
    error: new SluiceError('row_damaged').view,
    history: [[at, 'error', 'damage']],
  };
}

/** For a person to add it again: never fetched by itself. */
function urlIn(text: string): string {
  const url = wordIn(text, 'url');
  return /^https?:/.test(url) && URL.canParse(url) ? url : '';
}

function wordIn(text: string, name: string): string {
  const [, quoted = '""'] = new RegExp(`"${name}":("(?:[^"\\\\]|\\\\.)*")`).exec(text) ?? [];
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return '';
  }
}

/**
 * The index entry of a damaged row. Where that is damaged too, it is one of those that no row is known for: which one
 * matters little, as all they have to do is to show the row in its place.
 */
export function indexEntryOf(
  kv: MendedKv,
  id: string,
  text: string | null,
): { state: DownloadState; n: number } | null {
  const lost: { state: DownloadState; n: number }[] = [];
  for (const entry of kv.scan<string>('by/')) {
    if ('value' in entry && entry.value === id) return parseIndexKey(entry.key);
    if (!('value' in entry)) lost.push(parseIndexKey(entry.key));
  }
  const own = nIn(text);
  const unread = new Set(lost.map(({ n }) => n));
  for (const row of kv.scan<DownloadRow>('d/')) if ('value' in row) unread.delete(row.value.n);
  const candidates = lost.filter(({ n }) => unread.has(n));
  return candidates.find(({ n }) => n === own) ?? candidates[0] ?? null;
}

/** The download of a damaged index entry: the one with its state and `n`, else a damaged row that no other entry names. */
export function idOfIndexEntry(kv: MendedKv, state: DownloadState, n: number): string | null {
  const damaged: DamagedEntry[] = [];
  for (const row of kv.scan<DownloadRow>('d/')) {
    if (!('value' in row)) damaged.push(row);
    else if (row.value.n === n && row.value.state === state) return row.value.id;
  }
  if (damaged.length === 0) return null;
  const named = new Set<string>();
  for (const entry of kv.scan<string>('by/')) if ('value' in entry) named.add(entry.value);
  const orphans = damaged.filter(({ key }) => !named.has(idIn(key)));
  const found = orphans.find(({ text }) => nIn(text) === n) ?? orphans[0];
  return found === undefined ? null : idIn(found.key);
}

/** A damaged row that no index entry names: that of a download whose row is not found under its own key. */
export function strayRow(kv: MendedKv, id: string): DamagedEntry | null {
  const named = new Set([...kv.scan<string>('by/')].map((entry) => ('value' in entry ? entry.value : null)));
  const strays = [...kv.scan('d/')].flatMap((row) => ('value' in row || named.has(idIn(row.key)) ? [] : row));
  return strays.find(({ text }) => idInText(text) === id) ?? strays[0] ?? null;
}

/** The download that a row's text names. */
export function idInText(text: string | null): string | null {
  return /"url":/.test(text ?? '') ? wordIn(text ?? '', 'id') || null : null;
}

function idIn(rowKey: string): string {
  return rowKey.slice('d/'.length);
}

function nIn(text: string | null): number | null {
  const [, digits] = /"n":(\d{1,12})[,}]/.exec(text ?? '') ?? [];
  return digits === undefined ? null : Number(digits);
}
