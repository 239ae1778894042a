// How Node is started for the server. Plain JS: the launcher runs on Node 20 too.

/**
 * V8 lets the young generation grow to 128 MB and keeps them: with 10,000 sessions that was 10 of 20 kB of each. With
 * 8 MB (two halves) no command, call or add is slower (bench/durable, bench/adds), and 32 slow downloads hold 8 MB less
 * than with 16 (bench/http).
 */
export const SERVE_FLAGS = ['--max-semi-space-size=4'];

/**
 * The flags that this process would have to be started again with; none where the user has set them otherwise.
 * @param {readonly string[]} args what the `sluice` command was called with
 * @param {readonly string[]} set what this Node was told: its own options and NODE_OPTIONS
 */
export function flagsFor(args, set) {
  if (args[0] !== 'serve') return [];
  const isSet = (flag) => set.some((option) => option.replaceAll('_', '-').startsWith(flag.split('=')[0]));
  return SERVE_FLAGS.filter((flag) => !isSet(flag));
}
