import type { Point } from '../../charts/chart.ts';

/** Of a line's corners, in the chart's pixels. */
const RADIUS = 8;

/** Points joined by straight lines, as an SVG path whose corners are round. */
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

/** From a corner a radius along a side, at most to its middle. */
function towards(corner: Point, end: Point): Point {
  const length = Math.hypot(end.x - corner.x, end.y - corner.y);
  const share = length === 0 ? 0 : Math.min(RADIUS / length, 0.5);
  return { x: tenth(corner.x + (end.x - corner.x) * share), y: tenth(corner.y + (end.y - corner.y) * share) };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
