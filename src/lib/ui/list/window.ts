/** Which rows of a list of equal heights are near enough to the viewport to be in the page. */

/** Below this many all are there: searching in the page finds them, and nothing is gained by less. */
const ALL_BELOW = 100;
/** Rows kept beyond each edge, so that a fast scroll shows no gap. */
const MARGIN_ROWS = 8;

export interface Span {
  first: number;
  /** One past the last. */
  end: number;
}

/**
 * @param topPx of the list, from the top of the viewport (negative when scrolled past)
 * @param heightPx of a row; 0 = not measured yet
 */
export function visibleSpan(rows: number, topPx: number, viewportPx: number, heightPx: number): Span {
  if (rows <= ALL_BELOW) return { first: 0, end: rows };
  if (heightPx <= 0) return { first: 0, end: Math.min(rows, ALL_BELOW) };
  const first = Math.floor(-topPx / heightPx) - MARGIN_ROWS;
  const end = Math.ceil((viewportPx - topPx) / heightPx) + MARGIN_ROWS;
  return { first: clamp(first, rows), end: clamp(end, rows) };
}

/** Whether the end of the list is in sight, or nearly. */
export function isEndNear(rows: number, topPx: number, viewportPx: number, heightPx: number): boolean {
  return topPx + rows * heightPx <= viewportPx + MARGIN_ROWS * heightPx;
}

function clamp(index: number, rows: number): number {
  return Math.min(rows, Math.max(0, index));
}
