/** Progress bars: finished downloads scroll away above, running ones are redrawn in place below. */
import { type DownloadView, isFinal } from '#lib/protocol/download.ts';
import { detailOf } from '#lib/protocol/download-detail.ts';
import type { Environment } from '../server/config.ts';
import { fit, formatBytes, formatSeconds, printable } from './text.ts';

/** Where `sluice get` shows its downloads: bars in a terminal, or JSON lines. */
export interface ProgressOutput {
  row(row: DownloadView): void;
  /** A message that belongs to no download. */
  message(text: string): void;
  end(): void;
}

export type Terminal = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>;

/** The least time between two frames, however many rows change. */
const FRAME_MS = 100;
const MAX_BAR = 30;
const NUMBERS_COLUMNS = 44;

const ESC = '\u001b[';
/** Synchronized output: terminals that support it show a frame at once, without flicker; others ignore it. */
const [BEGIN_FRAME, END_FRAME] = [`${ESC}?2026h`, `${ESC}?2026l`];
const [HIDE_CURSOR, SHOW_CURSOR] = [`${ESC}?25l`, `${ESC}?25h`];
const CLEAR_BELOW = `${ESC}0J`;

/** @param env NO_COLOR (https://no-color.org) turns colours off */
export function createBars(terminal: Terminal, env: Environment): ProgressOutput {
  const hasColor = !env['NO_COLOR'];
  const live = new Map<string, DownloadView>();
  const finished: string[] = [];
  let drawn = 0;
  let timer: NodeJS.Timeout | null = null;

  const draw = (): void => {
    timer = null;
    const columns = terminal.columns || 80;
    const room = Math.max(1, (terminal.rows || 24) - 2);
    const rows = [...live.values()];
    const lines = rows.slice(0, room).map((row) => barLine(row, columns - 1, hasColor));
    if (rows.length > room) lines.push(fit(`… and ${rows.length - room} more`, columns - 1));
    const up = drawn > 0 ? `${ESC}${drawn}A` : '';
    const above = finished.splice(0).map((line) => `${line}${ESC}K\n`);
    const below = lines.map((line) => `${line}${ESC}K\n`);
    drawn = lines.length;
    terminal.write(
      `${BEGIN_FRAME}${HIDE_CURSOR}\r${up}${above.join('')}${below.join('')}${CLEAR_BELOW}${END_FRAME}`,
    );
  };
  const scheduleDraw = (): void => {
    timer ??= setTimeout(draw, FRAME_MS);
  };

  return {
    row(row) {
      if (!isFinal(row.state)) live.set(row.id, row);
      else {
        live.delete(row.id);
        finished.push(finalLine(row, hasColor));
      }
      scheduleDraw();
    },
    message(text) {
      finished.push(printable(text));
      scheduleDraw();
    },
    end() {
      if (timer) clearTimeout(timer);
      draw();
      terminal.write(SHOW_CURSOR);
    },
  };
}

/** One row in at most `columns` columns: the narrower the terminal, the fewer parts. */
export function barLine(row: DownloadView, columns: number, hasColor: boolean): string {
  const percent = row.percent === null ? '' : `${Math.floor(row.percent)}%`;
  const numbers = row.state === 'download' ? numbersOf(row) : stateOf(row);
  if (columns < 40) return fit(`${percent.padStart(4)} ${nameOf(row)}`, columns);
  const barColumns = columns < NUMBERS_COLUMNS + 40 ? 0 : Math.min(MAX_BAR, columns - NUMBERS_COLUMNS - 30);
  const tail = `${percent.padStart(4)}  ${fit(numbers, Math.min(NUMBERS_COLUMNS - 8, columns - 26))}`;
  const bar = barColumns === 0 ? '' : `${drawBar(row.percent, barColumns, hasColor)} `;
  const name = fit(nameOf(row), columns - tail.length - (barColumns === 0 ? 1 : barColumns + 2));
  return `${name} ${bar}${tail}`;
}

function finalLine(row: DownloadView, hasColor: boolean): string {
  if (row.state === 'complete') {
    const name = printable(row.file?.name ?? nameOf(row));
    const checked = row.sha256 === undefined ? '' : '  SHA-256 checked';
    const size = formatBytes(row.file?.bytes ?? row.receivedBytes);
    return `${paint('✓', 32, hasColor)} ${name}  ${size}${checked}${loweredOf(row)}`;
  }
  const reason = row.error ? `: ${printable(row.error.message)} (${row.error.code})` : '';
  return `${paint(row.state === 'cancelled' ? '–' : '✗', 31, hasColor)} ${nameOf(row)} ${row.state}${reason}`;
}

function loweredOf({ lowered }: DownloadView): string {
  return lowered
    ? `  (${printable(lowered.quality)}, as ${printable(lowered.missing)} could not be had)`
    : '';
}

function numbersOf({ receivedBytes, totalBytes, bytesPerSecond, etaSeconds }: DownloadView): string {
  const size = formatBytes(receivedBytes) + (totalBytes === null ? '' : ` / ${formatBytes(totalBytes)}`);
  const speed = bytesPerSecond === null ? '' : `  ${formatBytes(bytesPerSecond)}/s`;
  return `${size}${speed}${etaSeconds === null ? '' : `  ${formatSeconds(etaSeconds)}`}`;
}

/** The state, with why it waits (a person can mend a full disk) and what takes so long at the end. */
function stateOf(row: DownloadView): string {
  const { state, error } = row;
  const detail = detailOf(row);
  switch (detail.kind) {
    case 'saving':
      return 'saving';
    case 'host-limit':
      return `queued (the server takes ${detail.connections} at a time)`;
    case 'gave-way':
      return 'queued (too slow: others go first)';
    case 'checking':
      return 'finish, SHA-256';
    case 'retry':
      return error === null ? state : `${state} (${error.code})`;
    default:
      return state;
  }
}

/** Dots where the size is not known. */
function drawBar(percent: number | null, columns: number, hasColor: boolean): string {
  if (percent === null) return '·'.repeat(columns);
  const full = Math.floor((percent / 100) * columns);
  return paint('█'.repeat(full), 36, hasColor) + '░'.repeat(columns - full);
}

function paint(text: string, color: number, hasColor: boolean): string {
  return hasColor && text !== '' ? `${ESC}${color}m${text}${ESC}0m` : text;
}

function nameOf({ title, url }: DownloadView): string {
  return printable(title || url);
}
