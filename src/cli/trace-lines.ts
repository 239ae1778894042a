/** A trace as lines for a terminal. Everything in it may come from the network. */
import type { Json, Observation, Trace } from '#lib/protocol/inspection.ts';
import { formatBytes, printable } from './text.ts';

/** Longer data is cut here; the file has all of it. */
const DATA_CHARACTERS = 160;

export function* traceLines(trace: Trace): Generator<string, void, undefined> {
  const { explanation, observations, recordings } = trace;
  const { download } = explanation;
  yield printable(`${download.id}  ${download.title}`);
  yield printable(`  ${download.url}`);
  yield printable(
    `  ${download.state}, attempt ${download.attempt}, engine ${download.engine ?? 'not chosen'}`,
  );
  if (download.error) yield printable(`  ${download.error.code}: ${download.error.message}`);
  yield printable(
    `  Sluice ${trace.sluice}, Node ${trace.node}, ${trace.platform}, exported ${trace.exportedAt}`,
  );

  yield '';
  yield 'What is stored of it';
  for (const { at, state, cause } of explanation.transitions) {
    yield printable(`  ${timeOf(at)}  ${state.padEnd(10)}  ${cause}`);
  }

  yield '';
  if (observations.length === 0) yield 'Nobody inspected while it ran: there are no observations.';
  else yield `${observations.length} observations`;
  const startedAt = observations[0]?.at ?? 0;
  for (const seen of observations) {
    const time = `+${((seen.at - startedAt) / 1000).toFixed(3)}`.padStart(10);
    yield printable(`  ${time}  ${seen.kind.padEnd(10)}  ${bodyOf(seen)}${causeOf(seen)}${durationOf(seen)}`);
  }

  for (const [index, { header, chunks, cut }] of recordings.entries()) {
    const bytes = chunks.reduce((sum, { data }) => sum + Math.floor((data.length * 3) / 4), 0);
    const end = header.signal ?? (header.exitCode === null ? 'running' : `exit ${header.exitCode}`);
    yield '';
    yield printable(`Recording ${index + 1}: ${header.argv.join(' ')}`);
    const whole = cut ? 'not all of it' : 'all of it';
    yield printable(
      `  ${header.engine}, ${end}, ${chunks.length} chunks, about ${formatBytes(bytes)}, ${whole}`,
    );
  }

  yield '';
  if (explanation.output === null) {
    yield 'Nothing is stored of what its engine printed.';
    return;
  }
  yield 'The last that its engine printed';
  for (const line of explanation.output.split('\n')) yield printable(`  ${line}`);
}

function timeOf(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '');
}

function bodyOf(seen: Observation): string {
  switch (seen.kind) {
    case 'event':
      return `${seen.from ?? '?'} → ${seen.event}${dataOf(seen.data)}`;
    case 'transition':
      return `${seen.event} → ${seen.value}${dataOf(seen.changed)}`;
    case 'action':
      return seen.action;
    case 'spawn':
      return `${seen.machine} in ${seen.value}`;
    case 'stop':
      return seen.reason;
    case 'turn':
      return `${seen.event}, ${seen.outcome}, ${seen.waiting} waiting`;
    case 'life':
      return seen.error === null ? seen.what : `${seen.what}: ${seen.error}`;
    case 'alarm':
      return `${seen.what}, ${seen.retries} retries, ${Math.round(seen.lateMs)} ms late`;
    case 'commit':
      return `${seen.outcome}, ${seen.writes ?? 'some'} writes`;
    case 'socket':
      return seen.code === null ? seen.what : `${seen.what} ${seen.code}`;
    case 'frame':
      return `${seen.direction} ${seen.summary}, ${seen.bytes} characters`;
    case 'command':
      return `${seen.command}${dataOf(seen.data)}`;
    case 'news':
      return `${seen.news}${dataOf(seen.data)}`;
    case 'process':
      return `${seen.what} ${seen.pid}${seen.what === 'start' ? ` ${seen.argv.join(' ')}` : ` ${seen.signal ?? seen.exitCode}`}`;
    case 'output':
      return `fd ${seen.fd}, ${seen.bytes} bytes: ${seen.text.trimEnd()}`;
  }
}

function dataOf(data: Json): string {
  const text = JSON.stringify(data);
  if (text === '{}' || text === 'null') return '';
  return `  ${text.length > DATA_CHARACTERS ? `${text.slice(0, DATA_CHARACTERS)}…` : text}`;
}

function causeOf({ cause }: Observation): string {
  return cause === null ? '' : `  (${cause})`;
}

function durationOf(seen: Observation): string {
  const ms = 'durationMs' in seen ? seen.durationMs : null;
  return ms === null ? '' : `  ${ms.toFixed(1)} ms`;
}
