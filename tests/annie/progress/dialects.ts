import type { RecordedDialect } from '#lib/replay/parser.ts';

export const PREFIX = '\u001esluicen0ncen0nce ';

/** Every way in which a parser is made. */
export const DIALECTS: readonly { name: string; dialect: RecordedDialect }[] = [
  { name: 'lux', dialect: { engine: 'lux' } },
  { name: 'lux in a terminal', dialect: { engine: 'lux', terminal: true } },
  { name: 'annie', dialect: { engine: 'annie' } },
  { name: 'annie in a terminal', dialect: { engine: 'annie', terminal: true } },
  { name: 'yt-dlp text', dialect: { engine: 'yt-dlp', progress: { format: 'text' } } },
  {
    name: 'yt-dlp text in a terminal',
    dialect: { engine: 'yt-dlp', progress: { format: 'text' }, terminal: true },
  },
  { name: 'yt-dlp JSON', dialect: { engine: 'yt-dlp', progress: { format: 'json', prefix: '' } } },
  { name: 'our template', dialect: { engine: 'yt-dlp', progress: { format: 'sluice', prefix: PREFIX } } },
  { name: 'ffmpeg', dialect: { engine: 'ffmpeg', progressFd: 1 } },
  { name: 'ffmpeg on one fd', dialect: { engine: 'ffmpeg', progressFd: 2 } },
  { name: 'ffmpeg in a terminal', dialect: { engine: 'ffmpeg', progressFd: 1, terminal: true } },
];
