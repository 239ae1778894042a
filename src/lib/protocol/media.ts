import type { ErrorCode } from './error.ts';
import type { PageItself } from './page-itself.ts';

/** The engines of this repository, as named in settings, requests and rows. `annie` is the former name of lux. */
export const ENGINE_NAMES = ['http', 'lux', 'annie', 'yt-dlp', 'stand-in'] as const;
/** Engines that the operator has put into the data folder (docs/engines.md), by the names of their folders. */
export type ProgramName = `program:${string}`;
export type EngineName = (typeof ENGINE_NAMES)[number] | ProgramName;

export const PROGRAM_PREFIX = 'program:';
/** In settings: every program. */
export const ALL_PROGRAMS: ProgramName = `${PROGRAM_PREFIX}*`;
const PROGRAM_NAME = /^program:[a-z\d](?:[a-z\d._-]{0,30}[a-z\d])?$/;

export const isProgram = (name: EngineName): name is ProgramName => name.startsWith(PROGRAM_PREFIX);

/** Whether an engine may have this name, be there one or not: `http`, `program:gallery-dl`. */
export function isEngineName(name: unknown): name is EngineName {
  if (typeof name !== 'string') return false;
  return (ENGINE_NAMES as readonly string[]).includes(name) || PROGRAM_NAME.test(name);
}

export interface MediaStream {
  /** What `POST /api/downloads` takes as `streamId`, together with the item's `url`. */
  id: string;
  /** For people: `1080p`, `1080p · H.264`, `128 kbit/s`, `original`: different for each stream of an item. */
  quality: string;
  /** Size in bytes; null = not known before the download. An estimate counts as not known. */
  bytes: number | null;
  /** Size in bytes as the site, its feed or the bit rate says it, if `bytes` is not known; absent = not known either. */
  estimatedBytes?: number;
  /** File extension without the dot: `mp4`. */
  ext: string;
  isDefault: boolean;
}

export interface MediaItem {
  /** Unique among the items of one answer. */
  id: string;
  /** What `POST /api/downloads` takes as `url`; may differ from the address that was pasted. */
  url: string;
  site: string;
  title: string;
  type: 'video' | 'audio' | 'image' | 'file';
  /** How long it plays, in s, as its feed says; absent = not known. */
  durationSeconds?: number;
  streams: MediaStream[];
  /** Why it cannot be downloaded at present, as the list says: it is private, for example, or has not begun; absent = it can. */
  unavailable?: ErrorCode;
}

export interface ParseResult {
  engine: EngineName;
  /** Of the list, page or feed that the items are in; absent = not known, or there is no such thing around them. */
  title?: string;
  /** Of one page: at most 200 and 256 kB from a list of yt-dlp. */
  items: MediaItem[];
  /** The page on which they were found; absent = it is none. */
  page?: PageItself;
  /** The page has more items than these, which cannot be listed; absent = no, or not known. */
  truncated?: true;
  /** For the next page of a long list: what `parse` takes as `cursor`; absent = there is none. */
  next?: string;
  /** Items on all pages, as the site says; absent = not known. */
  total?: number;
}

export type EngineStatus =
  | { engine: EngineName; state: 'ready'; version: string; path: string | null }
  | { engine: EngineName; state: 'unusable'; version: string | null; reason: string; remedy: string }
  | { engine: EngineName; state: 'missing'; remedy: string };
