/** The commands that a person gives to a download. */
import type { DownloadState } from './download.ts';

export const ACTIONS = ['pause', 'resume', 'cancel', 'retry'] as const;
export type Action = (typeof ACTIONS)[number];

export function isAction(text: string): text is Action {
  return (ACTIONS as readonly string[]).includes(text);
}

/**
 * The actions that each state accepts, the likeliest first. A test compares this table with the download machine, so that
 * a page can offer the right actions without loading the machine.
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
