/** Addresses that are remembered of each kind: a playlist may have a new key and a new file for each of its fragments. */
export const MAX_REMEMBERED = 64;
