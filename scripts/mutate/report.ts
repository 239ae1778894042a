/** The printed report of a mutation run. */
import type { Judgement, Verdict } from './judge.ts';
import type { Mutant } from './mutants.ts';

export interface Judged extends Judgement {
  mutant: Mutant;
}

const COLUMNS: Verdict[] = ['killed', 'timeout', 'survived', 'no coverage'];
const SHOWN_CHARACTERS = 70;

/** One line while the run goes on. */
export function progressLine({ mutant, verdict, by }: Judged, done: number, total: number): string {
  const at = `${mutant.file}:${mutant.line}:${mutant.column}`;
  return `${String(done).padStart(String(total).length)}/${total} ${verdict.padEnd(11)} ${at}${by === null ? '' : `  by ${by}`}`;
}

/** A row for each file, then each surviving mutant, then the score. */
export function finalReport(judged: Judged[]): string {
  const files = [...new Set(judged.map(({ mutant }) => mutant.file))];
  const width = Math.max(4, ...files.map((file) => file.length));
  const row = (name: string, of: Judged[]): string =>
    [
      name.padEnd(width),
      ...COLUMNS.map((verdict) => String(countOf(of, verdict)).padStart(verdict.length)),
      `${scoreOf(of).toFixed(1)} %`.padStart(8),
    ].join('  ');
  const alive = judged.filter(({ verdict }) => verdict === 'survived' || verdict === 'no coverage');
  return [
    '',
    [''.padEnd(width), ...COLUMNS, 'score'.padStart(8)].join('  '),
    ...files.map((file) =>
      row(
        file,
        judged.filter(({ mutant }) => mutant.file === file),
      ),
    ),
    row('all', judged),
    '',
    ...alive.map(aliveLine),
    `${alive.length} of ${judged.length} mutants were noticed by no test; score ${scoreOf(judged).toFixed(1)} %`,
  ].join('\n');
}

/** Percent of mutants that a test noticed; 100 without mutants. */
export function scoreOf(judged: Judged[]): number {
  const noticed = countOf(judged, 'killed') + countOf(judged, 'timeout');
  return judged.length === 0 ? 100 : (100 * noticed) / judged.length;
}

function countOf(judged: Judged[], verdict: Verdict): number {
  return judged.filter((each) => each.verdict === verdict).length;
}

function aliveLine({ verdict, mutant: { file, line, column, original, replacement } }: Judged): string {
  const note = verdict === 'no coverage' ? ' (reached by no test)' : '';
  return `${file}:${line}:${column}  ${short(original)} → ${short(replacement)}${note}`;
}

function short(code: string): string {
  const line = code.replace(/\s+/g, ' ');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
