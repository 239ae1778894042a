/** Engine names as used in settings, requests and rows. `annie` is the former name of lux. */
export const ENGINE_NAMES = ['http', 'lux', 'annie', 'yt-dlp', 'stand-in'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export interface MediaStream {
  /** What `POST /api/downloads` takes as `streamId`, together with the item's `url`. */
  id: string;
  /** For people: `1080p`, `128 kbit/s`, `original`. */
  quality: string;
  /** Size in bytes; null = not known before the download. An estimate counts as not known. */
  bytes: number | null;
  /** File extension without the dot: `mp4`. */
  ext: string;
  isDefault: boolean;
}

export interface MediaItem {
  id: string;
  /** What `POST /api/downloads` takes as `url`; may differ from the address that was pasted. */
  url: string;
  site: string;
  title: string;
  type: 'video' | 'audio' | 'image' | 'file';
  streams: MediaStream[];
}

export interface ParseResult {
  engine: EngineName;
  items: MediaItem[];
  /** The page has more items than these; absent = no, or not known. */
  truncated?: true;
}

export type EngineStatus =
  | { engine: EngineName; state: 'ready'; version: string; path: string | null }
  | { engine: EngineName; state: 'unusable'; version: string | null; reason: string; remedy: string }
  | { engine: EngineName; state: 'missing'; remedy: string };
