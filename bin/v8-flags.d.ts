export const SERVE_FLAGS: readonly string[];
export function flagsFor(args: readonly string[], set: readonly string[]): string[];
