/** Jobs that lead to private addresses, through the real API; and as many as there are ways on a server that allows them. */
import { ERRORS } from '#lib/protocol/error.ts';
import type { EngineStatus, ParseResult } from '#lib/protocol/media.ts';
import type { Api } from '../../../tests/support/api.ts';
import type { TestServer } from '../../../tests/support/server.ts';
import { settles } from '../../../tests/support/wait.ts';
import { ended } from '../ended.ts';
import type { Report } from '../report.ts';
import { eachAtOnce, type Scene, SITE } from '../scene.ts';
import { type Form, FORMS, targetOf } from './forms.ts';
import { watchSandboxes } from './sandboxes.ts';
import { HTTP_WAYS, LUX_WAYS, NEVER_FETCHED, type Way, YT_DLP_WAYS } from './ways.ts';

/** Of those that a program is started for: each takes a second or two of CPU. */
const FORMS_OF_PROGRAMS = [
  '127.0.0.1',
  '::1',
  '10.0.0.7:8080',
  'name: lan',
  'name: rebinds-at-once',
  '0x7f.1',
  'localhost',
];
/**
 * Of the forms, those that one way is tried with: which they are moves on from way to way and with the seed, so that each form
 * meets a dozen ways. All with all were 3,810 jobs and 140 of programs: 15 minutes where others compute too. The address itself,
 * which no page leads to, is tried in every form.
 */
const FORMS_OF_A_WAY = 50;
const PROGRAM_FORMS_OF_A_WAY = 2;
/** One that has not ended then is counted as something that got through. */
const JOB_MS = 120_000;

interface Job {
  id: string;
  way: Way;
  form: Form;
}

let jobs = 0;

/** @returns what became of it */
async function run({ id, way, form }: Job, api: Api, { origin, zone }: Scene): Promise<string> {
  const to = `${targetOf(form, id, zone)}/hit/${id}.mp4`;
  const here = `http://${SITE}/j/${id}/`;
  origin.sites.set(id, way.site(to, here));
  const url = way.start === null ? to : here + way.start;
  const looked = await api.call<ParseResult & { code?: string }>('POST', '/api/parse', {
    url,
    engine: way.engine,
  });
  const state = looked.status === 200 ? 'listed' : (looked.body.code ?? `status ${looked.status}`);
  if (!way.downloads) return state;
  const [item] = looked.status === 200 ? looked.body.items : [];
  const added = await api.call<{ id: string; code?: string }>('POST', '/api/downloads', {
    ...{ url: item?.url ?? url, engine: way.engine },
    ...(item?.streams[0] ? { streamId: item.streams[0].id } : {}),
  });
  if (added.status !== 202) return added.body.code ?? `status ${added.status}`;
  const row = await ended(api, added.body.id);
  await api.call('DELETE', `/api/downloads/${added.body.id}`);
  return row.error?.code ?? row.state;
}

async function runAll(all: readonly Job[], atOnce: number, server: TestServer, scene: Scene, report: Report) {
  const outcomes = new Map<string, number>();
  const apis = await Promise.all(Array.from({ length: 8 }, () => server.session()));
  const { hits } = scene.origin;
  await eachAtOnce(all, atOnce, async (job) => {
    const outcome = await settles(run(job, apis[jobs++ % apis.length]!, scene), {
      deadlineMs: JOB_MS,
      what: job.id,
    }).catch((thrown: unknown) => String(thrown));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    scene.origin.sites.delete(job.id);
    const hit = hits.find(({ path }) => path.includes(job.id));
    const isKnown = outcome in ERRORS || ['listed', 'complete'].includes(outcome);
    const what = `${job.way.name}, ${job.form.name}`;
    report.attempt(
      hit
        ? `${what}: reached ${hit.at}`
        : isKnown && outcome !== 'internal_error'
          ? null
          : `${what}: ${outcome}`,
    );
  });
  return outcomes;
}

const jobsOf = (ways: readonly Way[], forms: readonly Form[]): Job[] =>
  ways.flatMap((way) => forms.map((form) => ({ id: `n${jobs++}x`, way, form })));

/** Each way with some of the forms, the next ones with each way; all of them where the address itself is looked up. */
function spread(ways: readonly Way[], forms: readonly Form[], ofEach: number, seed: number): Job[] {
  return ways.flatMap((way, i) => {
    const from = (seed + i) * ofEach;
    const some = Array.from({ length: ofEach }, (_, k) => forms[(from + k) % forms.length]!);
    return jobsOf([way], way.start === null ? forms : some);
  });
}

async function readyEngines(server: TestServer): Promise<(name: string) => boolean> {
  const api = await server.session();
  const { engines } = await api.expect<{ engines: EngineStatus[] }>(200, 'GET', '/api/engines');
  return (name) => engines.some(({ engine, state }) => engine === name && state === 'ready');
}

export async function attackBySsrf(scene: Scene, report: Report): Promise<void> {
  const { server, origin, some } = scene;
  const isReady = await readyEngines(server);
  const forPrograms = FORMS.filter(({ name }) => FORMS_OF_PROGRAMS.includes(name));
  // An address that is refused as it is typed starts no program: in a slice that would be nothing.
  const isTried = ({ way }: Job): boolean => scene.scale === 'full' || way.start !== null;
  const isSlice = scene.scale === 'slice';
  const ofHttp = isSlice ? jobsOf(HTTP_WAYS, FORMS) : spread(HTTP_WAYS, FORMS, FORMS_OF_A_WAY, scene.seed);
  const programs = (
    [
      ['yt-dlp', YT_DLP_WAYS],
      ['lux', LUX_WAYS],
    ] as const
  ).flatMap(([name, ways]) => {
    if (!isReady(name)) return [];
    return isSlice
      ? jobsOf(ways, forPrograms)
      : spread(ways, forPrograms, PROGRAM_FORMS_OF_A_WAY, scene.seed);
  });
  for (const name of ['yt-dlp', 'lux'])
    if (!isReady(name)) report.skipped.push(`${name} is not installed (sluice engines says what to type)`);
  const chosen = some(programs.filter(isTried), 1);
  const contained = watchSandboxes(server);
  // Both at once: programs are what takes the time, and wait for their start.
  const [outcomes, ofPrograms] = await Promise.all([
    runAll(some(ofHttp, 40), 12, server, scene, report),
    runAll(chosen, 6, server, scene, report),
  ]);
  if (chosen.length > 0) contained.report(report);
  // One that has no head, or whose path is cut, belongs to none of the jobs.
  for (const { at, path, bytes } of origin.hits)
    if (!/n\d+x/.test(path)) report.through.push(`${bytes} bytes reached ${at} ${path.slice(0, 80)}`);
  report.notes.push(`http ${said(outcomes)}`, `programs ${said(ofPrograms)}`);
}

const said = (outcomes: ReadonlyMap<string, number>): string =>
  [...outcomes].map(([what, count]) => `${what} ${count}`).join(', ');

/** That each way reaches what it is to reach, where nothing forbids it: else nothing could have got through by it. */
export async function controlSsrf(scene: Scene, report: Report): Promise<void> {
  const open = await scene.another({ SLUICE_ALLOW_PRIVATE: '0.0.0.0/0,::/0' });
  const isReady = await readyEngines(open);
  const ways = [...HTTP_WAYS, ...YT_DLP_WAYS, ...LUX_WAYS].filter(
    ({ engine }) => engine === 'http' || isReady(engine),
  );
  const all = jobsOf(
    ways,
    FORMS.filter(({ name }) => name === '10.0.0.7'),
  );
  const { hits } = scene.origin;
  const from = hits.length;
  const apis = await Promise.all(Array.from({ length: 4 }, () => open.session()));
  let reached = 0;
  report.atLeast = all.length;
  await eachAtOnce(all, 4, async (job) => {
    const outcome = await run(job, apis[jobs++ % apis.length]!, scene);
    const isReached = hits.some(({ path }) => path.includes(job.id));
    const isExpected = isReached || NEVER_FETCHED.includes(job.way.name);
    report.attempt(isExpected ? null : `${job.way.name} does nothing even where it may: ${outcome}`);
    if (isReached) reached++;
  });
  report.notes.push(`where private addresses are allowed ${reached} of ${all.length} ways reach the canary`);
  hits.length = from;
}
