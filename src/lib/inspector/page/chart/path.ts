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
    const before = towards(corner, points[index]!);
    const after = towards(corner, next);
    return `L${before.x} ${before.y}Q${corner.x} ${corner.y} ${after.x} ${after.y}`;
  });
  return `M${first.x} ${first.y}${parts.join('')}`;
}

/** The point one radius from the corner along a side, at most at its middle. */
function towards(corner: Point, end: Point): Point {
  const length = Math.hypot(end.x - corner.x, end.y - corner.y);
  const share = length === 0 ? 0 : Math.min(RADIUS / length, 0.5);
  const at = (from: number, to: number): number => Math.round((from + (to - from) * share) * 10) / 10;
  return { x: at(corner.x, end.x), y: at(corner.y, end.y) };
}
