/** The chart of the bench for the docs, readable on light and dark pages. */
import type { DialectResult, ProgressReport } from './result.ts';

const WIDTH = 760;
const ROW = 30;
const TOP = 74;
const LEFT = 160;
const RIGHT = 130;
/** Speed of the byte loop, in px. */
const UNIT = (WIDTH - LEFT - RIGHT) / 1.1;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 11px; fill: #59636e; }
  .grid { stroke: #d1d9e0; }
  .limit { stroke: #59636e; stroke-dasharray: 4 3; }
  .bytes { fill: #0969da; }
  .lines { fill: #54aeff; }
  .range { stroke: #1f2328; stroke-width: 1.5; fill: none; }
  .blog { fill: #bc4c00; }
  .split { fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .limit { stroke: #9198a1; }
    .bytes { fill: #4493f8; }
    .lines { fill: #1f6feb; }
    .range { stroke: #f0f6fc; }
    .blog { fill: #f0883e; }
    .split { fill: #ab7df8; }
  }`;

export function chartOf({ machine, measuredAt, processes, load, results }: ProgressReport): string {
  const bottom = TOP + results.length * ROW;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const lines = [
    `<title>How fast the progress parser is</title>`,
    `<desc>${escape(results.map(sentenceOf).join(' '))}</desc>`,
    `<style>${STYLE}\n</style>`,
    text(0, 16, 'Speed of the progress parser, of that of a bare loop over the same bytes', 'title'),
    ...legend(),
    ...ticks.flatMap((tick) => [
      line(x(tick), TOP - 8, x(tick), bottom, tick === 1 ? 'limit' : 'grid'),
      text(x(tick), bottom + 14, tick.toString(), 'small', 'middle'),
    ]),
    ...results.flatMap((result, row) => rowOf(result, TOP + row * ROW)),
    text(
      0,
      bottom + 34,
      `Median of ${processes} processes, with the least and the most. ${machine}.`,
      'small',
    ),
    text(
      0,
      bottom + 50,
      `${measuredAt.slice(0, 10)}, load ${load.map((n) => n.toFixed(1)).join(' to ')}.`,
      'small',
    ),
  ];
  const height = bottom + 58;
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n${lines.join('\n')}\n</svg>\n`;
}

function legend(): string[] {
  const y = 40;
  return [
    rect(0, y - 10, 14, 11, 'bytes'),
    text(20, y, 'read by bytes', 'small'),
    rect(110, y - 10, 14, 11, 'lines'),
    text(130, y, 'read by lines', 'small'),
    mark(222, y - 5, 'blog'),
    text(232, y, "the blog's regex on each chunk", 'small'),
    mark(410, y - 5, 'split'),
    text(420, y, 'split, then a regex on each line', 'small'),
  ];
}

function rowOf(result: DialectResult, y: number): string[] {
  const { dialect, readBy, overByteLoop, overBlog, overSplit, recordsPerSecond } = result;
  const { min, median, max } = overByteLoop;
  const middle = y + 9;
  const millions = recordsPerSecond.median / 1e6;
  return [
    text(0, y + 13, dialect),
    rect(x(0), y, x(median) - x(0), 18, readBy),
    `<path class="range" d="M${x(min)} ${middle}H${x(max)}M${x(min)} ${middle - 4}v8M${x(max)} ${middle - 4}v8"/>`,
    mark(x(median / overBlog.median), middle, 'blog'),
    mark(x(median / overSplit.median), middle, 'split'),
    text(WIDTH, y + 13, `${millions.toPrecision(2)} M records/s`, undefined, 'end'),
  ];
}

function sentenceOf({ dialect, overByteLoop, recordsPerSecond }: DialectResult): string {
  const share = overByteLoop.median.toFixed(2);
  return `${dialect}: ${share} of the byte loop, ${recordsPerSecond.median} records a second.`;
}

function x(share: number): number {
  return Math.round((LEFT + share * UNIT) * 10) / 10;
}

function rect(left: number, top: number, width: number, height: number, kind: string): string {
  const wide = Math.round(width * 10) / 10;
  return `<rect class="${kind}" x="${left}" y="${top}" width="${wide}" height="${height}" rx="2"/>`;
}

function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

function mark(cx: number, cy: number, kind: string): string {
  return `<circle class="${kind}" cx="${cx}" cy="${cy}" r="4"/>`;
}

function text(left: number, y: number, content: string, kind?: string, anchor?: 'middle' | 'end'): string {
  const attributes = `${kind ? ` class="${kind}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''}`;
  return `<text x="${left}" y="${y}"${attributes}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
