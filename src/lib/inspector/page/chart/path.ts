import type { Point } from '../../charts/chart.ts';

/** Radius of a line's corners, in the chart's pixels. */
const RADIUS = 8;

/** An SVG path of straight lines through these points, with rounded corners. */
export function roundedPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const parts = rest.map((corner, index) => {
    const next = rest[index + 1];
    if (next === undefined) return `L${corner.x} ${corner.y}`;
    const before = pointTowards(corner, points[index]!);
    const after = pointTowards(corner, next);
    return `L${before.x} ${before.y}Q${corner.x} ${corner.y} ${after.x} ${after.y}`;
  });
  return `M${first.x} ${first.y}${parts.join('')}`;
}

/** The point one radius from the corner along a side, at most at its middle. */
function pointTowards(corner: Point, end: Point): Point {
  const length = Math.hypot(end.x - corner.x, end.y - corner.y);
  const share = length === 0 ? 0 : Math.min(RADIUS / length, 0.5);
  return {
    x: roundToTenth(corner.x + (end.x - corner.x) * share),
    y: roundToTenth(corner.y + (end.y - corner.y) * share),
  };
}

const roundToTenth = (value: number): number => Math.round(value * 10) / 10;
