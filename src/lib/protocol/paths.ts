/** Every path that is served or called, spelled once. */
import type { Action } from './command.ts';

export const paths = {
  inspector: '/inspector',
  signIn: '/inspector/sign-in',
  health: '/healthz',
  ready: '/readyz',
  api: '/api',
  channel: '/api/channel',
  inspectorChannel: '/api/inspector/channel',
  trace: '/api/inspector/trace',
  sessions: '/api/sessions',
  engines: '/api/engines',
  parse: '/api/parse',
  downloads: '/api/downloads',
  download: (id: string) => `/api/downloads/${id}`,
  file: (id: string) => `/api/downloads/${id}/file`,
  action: (id: string, action: Action) => `/api/downloads/${id}/${action}`,
} as const;

/** The address of a socket of the page's own server, `ws:` or `wss:`. */
export function socketUrl(page: { protocol: string; host: string }, path: string): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${path}`;
}
