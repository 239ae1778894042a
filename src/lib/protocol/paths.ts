/** Every path that is served or called, spelled once. */
import type { Action } from './actions.ts';

export const paths = {
  inspector: '/inspector',
  signIn: '/inspector/sign-in',
  link: '/link',
  devicesPage: '/devices',
  signInPage: '/sign-in',
  accountPage: '/account',
  peoplePage: '/people',
  health: '/healthz',
  ready: '/readyz',
  api: '/api',
  channel: '/api/channel',
  inspectorChannel: '/api/inspector/channel',
  trace: '/api/inspector/trace',
  sessions: '/api/sessions',
  newSession: '/api/sessions?new=1',
  readLink: '/api/links/read',
  openLink: '/api/links/open',
  operatorSessions: '/api/operator/sessions',
  devices: '/api/devices',
  device: (id: string) => `/api/devices/${id}`,
  deviceLink: '/api/devices/link',
  account: '/api/account',
  startSignIn: '/api/account/sign-in',
  signOut: '/api/account/sign-out',
  signOutEverywhere: '/api/account/sign-out-everywhere',
  password: '/api/account/password',
  lists: '/api/account/lists',
  openList: (list: string) => `/api/account/lists/${list}/open`,
  shares: (list: string) => `/api/account/lists/${list}/shares`,
  share: (list: string, person: string) => `/api/account/lists/${list}/shares/${person}`,
  readInvitation: '/api/invitations/read',
  acceptInvitation: '/api/invitations/accept',
  people: '/api/people',
  person: (id: string) => `/api/people/${id}`,
  resetPerson: (id: string) => `/api/people/${id}/reset`,
  secrets: '/api/secrets',
  secret: (name: string) => `/api/secrets/${name}`,
  secretsPage: '/secrets',
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
