/** Which rows of a virtual list are rendered: those near the viewport. All rows have the same height. */

/** Up to this many rows, all are rendered, so that the browser's search finds them. */
const ALL_BELOW = 100;
/** Rows rendered beyond each edge, so that fast scrolling shows no gap. */
const MARGIN_ROWS = 8;

interface Span {
  first: number;
  /** One past the last. */
  end: number;
}

/**
 * @param topPx of the list, from the top of the viewport (negative above it)
 * @param heightPx of a row; 0 = not measured yet
 */
export function visibleSpan(rows: number, topPx: number, viewportPx: number, heightPx: number): Span {
  if (rows <= ALL_BELOW) return { first: 0, end: rows };
  if (heightPx <= 0) return { first: 0, end: Math.min(rows, ALL_BELOW) };
  const first = Math.floor(-topPx / heightPx) - MARGIN_ROWS;
  const end = Math.ceil((viewportPx - topPx) / heightPx) + MARGIN_ROWS;
  return { first: clamp(first, rows), end: clamp(end, rows) };
}

/** Whether the end of the list is in or near the viewport. */
export function isEndNear(rows: number, topPx: number, viewportPx: number, heightPx: number): boolean {
  return topPx + rows * heightPx <= viewportPx + MARGIN_ROWS * heightPx;
}

function clamp(index: number, rows: number): number {
  return Math.min(rows, Math.max(0, index));
}
