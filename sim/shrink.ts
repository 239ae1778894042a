/** Makes a failing plan as short as it can be: leaves out one thing after the other as long as it still fails. */
import type { Plan } from './plan/plan.ts';

const MAX_RUNS = 300;

/** @param fails runs a plan, and says whether it fails as the first one did */
export function shrink(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let shortest = plan;
  let runs = 0;
  let hasShrunk = true;
  while (hasShrunk) {
    hasShrunk = false;
    for (const shorter of shorterPlans(shortest)) {
      if (++runs > MAX_RUNS) return shortest;
      if (!fails(shorter)) continue;
      shortest = shorter;
      hasShrunk = true;
      break;
    }
  }
  return shortest;
}

function* shorterPlans(plan: Plan): Iterable<Plan> {
  const { faults, actions, downloads, files } = plan;
  for (const [i] of faults.entries()) yield { ...plan, faults: faults.toSpliced(i, 1) };
  for (const [i] of downloads.entries()) yield withoutDownload(plan, i);
  for (const [i] of actions.entries()) yield { ...plan, actions: actions.toSpliced(i, 1) };
  if (plan.order === 'weak') yield { ...plan, order: 'ordered' };
  if (!plan.hasLinks) yield { ...plan, hasLinks: true };
  if (plan.syncMs > 2) yield { ...plan, syncMs: 2 };
  for (const [i, file] of files.entries()) {
    const usual = {
      ...file,
      lie: 'none',
      replacedAt: null,
      validators: 'etag',
      hasRanges: true,
      isChunked: false,
    } as const;
    if (JSON.stringify(usual) !== JSON.stringify(file)) yield { ...plan, files: files.with(i, usual) };
    if (file.bytes > 100)
      yield { ...plan, files: files.with(i, { ...file, bytes: Math.floor(file.bytes / 4) }) };
  }
}

function withoutDownload(plan: Plan, index: number): Plan {
  const actions = plan.actions.flatMap((action) => {
    if (action.download === index) return [];
    return { ...action, download: action.download - (action.download > index ? 1 : 0) };
  });
  return { ...plan, actions, downloads: plan.downloads.toSpliced(index, 1) };
}
