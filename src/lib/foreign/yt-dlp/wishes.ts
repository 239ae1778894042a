/**
 * Items of a long playlist are listed without being opened, so the ids of their streams are wishes (`best/720`): no format
 * id can hold a slash, as yt-dlp replaces it. The listing offers them, the download takes them.
 */
export const WISHES: Record<string, { quality: string; selector: string; ext: string }> = {
  'best/any': { quality: 'best', selector: 'bv*+ba/b', ext: 'mp4' },
  'best/1080': { quality: 'up to 1080p', selector: 'bv*[height<=1080]+ba/b[height<=1080]/b', ext: 'mp4' },
  'best/720': { quality: 'up to 720p', selector: 'bv*[height<=720]+ba/b[height<=720]/b', ext: 'mp4' },
  'best/360': { quality: 'up to 360p', selector: 'bv*[height<=360]+ba/b[height<=360]/b', ext: 'mp4' },
  'best/audio': { quality: 'audio only', selector: 'ba/b', ext: 'm4a' },
};
