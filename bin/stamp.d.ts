export const STAMP: string;
export function sourceHash(root: string): string;
export function isStale(root: string): boolean;
