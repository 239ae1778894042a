import type { ServerMessage } from '../../protocol/channel.ts';

type JsonObject = Record<string, unknown>;

/**
 * null for what this client cannot use: text that is not JSON, an unknown type (of a newer server), or a message without
 * the fields that the channel reads. Rows are not validated: they come from a Sluice server.
 */
export function parseServerMessage(data: unknown): ServerMessage | null {
  const message = parseObject(data);
  if (message === null) return null;
  return isServerMessage(message) ? message : null;
}

function parseObject(data: unknown): JsonObject | null {
  if (typeof data !== 'string') return null;
  try {
    const json: unknown = JSON.parse(data);
    return typeof json === 'object' && json !== null ? (json as JsonObject) : null;
  } catch {
    return null;
  }
}

function isServerMessage(message: JsonObject): message is JsonObject & ServerMessage {
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
    case 'waiting':
      return typeof message['id'] === 'string' && typeof message['isWaiting'] === 'boolean';
    default:
      return false;
  }
}
