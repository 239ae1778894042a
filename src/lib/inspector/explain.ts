/** What is stored of a download, as it may be shown. */
import type { DownloadRow } from '../actors/download/row.ts';
import { viewOf } from '../actors/download/view.ts';
import type { Explanation } from '../protocol/inspection.ts';
import { safeJson, safeText } from './safe-json.ts';
import { redact } from './redact.ts';

/** As `OUTPUT_TAIL_BYTES` of the runner, less what a cut between characters can take. */
const WHOLE_TAIL_BYTES = 4096 - 3;

/** As `SessionActor.explain` answers. */
export interface StoredDownload {
  row: DownloadRow;
  output: string | null;
}

export function explanationOf(session: string, { row, output }: StoredDownload): Explanation {
  return {
    download: safeJson(viewOf(row)) as unknown as Explanation['download'],
    session,
    transitions: row.history.map(([at, state, cause]) => ({ at, state, cause: safeText(cause) })),
    output: output === null ? null : safeOutputTail(output),
    stored: safeJson(row) ?? null,
  };
}

/** The end of an output may begin in the middle of an address or of a header: what comes before its first line end goes. */
export function safeOutputTail(output: string): string {
  const isCut = new TextEncoder().encode(output).length >= WHOLE_TAIL_BYTES;
  if (!isCut) return redact(output);
  const start = output.search(output.includes('\n') ? /\n/ : /\s|$/);
  return `…${redact(output.slice(start))}`;
}
