/**
 * Seeds of runs that once failed, with the failure. `npm run test:long` replays their plans, in the short version:
 * the plan is the same each time, the timing of the machine is not.
 */
export const FAILED_SEEDS: readonly { seed: number; was: string }[] = [
  { seed: 4711, was: '16 work dirs left: killed between the commit of `complete` and the end of tidying up' },
];
