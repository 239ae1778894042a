import type { ServerMessage } from '../../protocol/channel.ts';

type Shape = Record<string, unknown>;

/**
 * What arrived, or null for what this client cannot use: text that is not JSON, a type it does not know (a newer
 * server's) or one without the fields that decide what happens next. The server is ours and answers for the rows.
 */
export function parseServerMessage(data: unknown): ServerMessage | null {
  const message = parseObject(data);
  if (message === null) return null;
  return isServerMessage(message) ? message : null;
}

function parseObject(data: unknown): Shape | null {
  if (typeof data !== 'string') return null;
  try {
    const json: unknown = JSON.parse(data);
    return typeof json === 'object' && json !== null ? (json as Shape) : null;
  } catch {
    return null;
  }
}

function isServerMessage(message: Shape): message is Shape & ServerMessage {
  switch (message['type']) {
    case 'snapshot':
      return (
        typeof message['epoch'] === 'string' &&
        Number.isInteger(message['seq']) &&
        Array.isArray(message['downloads']) &&
        typeof message['totals'] === 'object' &&
        message['totals'] !== null
      );
    case 'update':
      return Number.isInteger(message['seq']) && Array.isArray(message['changes']);
    case 'ack':
      return typeof message['id'] === 'string';
    case 'reject':
      return (
        typeof message['id'] === 'string' && typeof message['error'] === 'object' && message['error'] !== null
      );
    case 'items':
      return typeof message['id'] === 'string' && Array.isArray(message['items']);
    default:
      return false;
  }
}
