/** Turns what is stored of a download into an explanation that may be shown. */
import type { DownloadRow } from '../actors/download/row.ts';
import { viewOf } from '../actors/download/view.ts';
import type { Explanation } from '../protocol/inspection.ts';
import { safeJson, safeText } from './safe-json.ts';
import { redact } from '../protocol/redact.ts';

/** `OUTPUT_TAIL_BYTES` of the runner, less the 3 bytes that cutting at a character can cost. */
const WHOLE_TAIL_BYTES = 4096 - 3;

/** The result of `SessionActor.explain`. */
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

/** A cut output may begin in the middle of an address or header that holds a secret: everything up to its first line end goes. */
export function safeOutputTail(output: string): string {
  const isCut = new TextEncoder().encode(output).length >= WHOLE_TAIL_BYTES;
  if (!isCut) return redact(output);
  const start = output.search(output.includes('\n') ? /\n/ : /\s|$/);
  return `…${redact(output.slice(start))}`;
}
