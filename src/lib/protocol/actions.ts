/** What a person can tell a download to do. */
import type { DownloadState } from './download.ts';

export const ACTIONS = ['pause', 'resume', 'cancel', 'retry'] as const;
export type Action = (typeof ACTIONS)[number];

export function isAction(text: string): text is Action {
  return (ACTIONS as readonly string[]).includes(text);
}

/**
 * The actions that each state takes, the likeliest first. The download machine decides; a test holds this table to it, so
 * that a page can offer what will not be refused without loading the machine.
 */
export const ACTIONS_OF: Record<DownloadState, readonly Action[]> = {
  queued: ['pause', 'cancel'],
  parse: ['pause', 'cancel'],
  download: ['pause', 'cancel'],
  finish: ['pause', 'cancel'],
  waiting: ['resume', 'cancel', 'pause'],
  paused: ['resume', 'cancel'],
  complete: [],
  error: ['retry'],
  cancelled: ['retry'],
};
