/** Says what kind of message a frame holds, never its content. */

const HEAD_CHARACTERS = 400;
const WITH_ID = new Set(['command', 'ack', 'reject', 'items', 'waiting']);

/** @param text null = a binary frame */
export function frameSummary(text: string | null): string {
  if (text === null) return 'bytes';
  // The fields used here come first in messages of the server, and messages of clients are short.
  const head = text.slice(0, HEAD_CHARACTERS);
  const type = fieldOf(head, 'type');
  if (type === null) return 'unreadable';
  const parts = [type];
  if (type === 'command') parts.push(fieldOf(head, 'name') ?? '?');
  if (WITH_ID.has(type)) {
    parts.push(fieldOf(head, 'id') ?? '?');
  }
  const seq = /"seq":(\d{1,15})/.exec(head)?.[1];
  if (seq !== undefined && type !== 'command') parts.push(seq);
  return parts.join(' ');
}

function fieldOf(head: string, name: string): string | null {
  return new RegExp(`"${name}"\\s*:\\s*"([\\w.:-]{1,64})"`).exec(head)?.[1] ?? null;
}
