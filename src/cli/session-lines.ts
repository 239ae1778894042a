import type { SessionList } from '#lib/protocol/session.ts';
import { fit } from './text.ts';

const ID_COLUMNS = 18;
const TITLE_COLUMNS = 48;

/** Sessions for a terminal, one on a line. Titles come from the network. */
export function sessionLines({ sessions, more }: SessionList): string[] {
  if (sessions.length === 0) return ['No session has downloads.'];
  const lines = sessions.map(({ id, downloads, unfinished, newest }) => {
    const time = newest === null ? '' : newest.addedAt.slice(0, 16).replace('T', ' ');
    return row(id, String(downloads), String(unfinished), time, newest?.title ?? '');
  });
  const rest = more === 0 ? [] : [`${more} more: give the beginning of an id with --session.`];
  return [row('SESSION', 'DOWNLOADS', 'UNFINISHED', 'NEWEST (UTC)', ''), ...lines, ...rest];
}

function row(id: string, downloads: string, unfinished: string, time: string, title: string): string {
  const numbers = `${downloads.padStart(9)}  ${unfinished.padStart(10)}`;
  return `${id.padEnd(ID_COLUMNS)}${numbers}  ${time.padEnd(16)}  ${fit(title, TITLE_COLUMNS)}`.trimEnd();
}
