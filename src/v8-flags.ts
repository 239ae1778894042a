/**
 * How V8 compiles what Sluice runs, for every command: imported first, for its effect. Not in `bin/serve-flags.js`: these
 * are read whenever a function is compiled, so no process has to start anew for them.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // The loops of the progress parser call a dozen small readers for each record; V8's usual budgets (460 and 920 bytes
  // of bytecode a function) put half of them in line. Of the byte loop's speed: lux 0.87 → 1.00, annie with its
  // bar 0.76 → 0.83, yt-dlp's text 0.44 → 0.48 (bench/progress, a quiet machine, one run of each).
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=4000',
  // After a collection V8 lets the heap grow to up to four times what lives. With half as much again there are more
  // collections, most of it in other threads: after 2,000 small files the server held 163 MB and not 211.
  '--heap-growing-percent=50',
  // undici reads heads with WebAssembly, whose one huge function V8 compiles again, optimised, once it has run a while:
  // 13 MB that stay resident, and 63 µs of CPU a request before and after. No such budget is ever used up.
  '--wasm-tiering-budget=2000000000',
];

for (const flag of FLAGS) setFlagsFromString(flag);
