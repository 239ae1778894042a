/** What a download is shown as whose stored row is damaged: in `error`, with what of it can still be read. */
import { SluiceError } from '../../protocol/error.ts';
import { cleanTitle } from '../../protocol/title.ts';
import { type DownloadRow, ROW_VERSION } from '../download/row.ts';

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
