/**
 * All flags of V8, in two lists as V8 takes them at two times. `SERVE_FLAGS` size the heap, which V8 does before any
 * code runs: the launcher starts the server again with them (20 of 210 ms). `RUNTIME_FLAGS` also work in a running
 * process, so every command sets them without that cost: importing this file does it, as they have to be set before undici
 * compiles its WebAssembly. Plain JS: the launcher runs on Node 20 too. (Limits of a thread are options of its Worker,
 * where it is started.)
 */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets the young generation grow to 128 MB and keeps them: with 10,000 sessions that was 10 of 20 kB of each. With
 * 8 MB (two halves) no command, call or add is slower (bench/durable, bench/adds), and 32 slow downloads hold 8 MB less
 * than with 16 (bench/http).
 */
export const SERVE_FLAGS = ['--max-semi-space-size=4'];

const RUNTIME_FLAGS = [
  // After a collection V8 lets the heap grow to up to four times the live bytes. With 1.5 times the server held 163 MB after
  // 2,000 small files and not 211.
  '--heap-growing-percent=50',
  // undici parses heads with WebAssembly, whose one huge function V8 compiles again, optimised, once it has run a while:
  // 13 MB that stay resident, and 63 µs of CPU a request before and after. No such budget is ever used up.
  '--wasm-tiering-budget=2000000000',
];
for (const flag of RUNTIME_FLAGS) setFlagsFromString(flag);

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
