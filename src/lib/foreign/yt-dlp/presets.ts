/**
 * Stream ids for playlist entries that were listed without being opened, whose formats are unknown. They cannot be mistaken
 * for format ids, in which yt-dlp replaces slashes.
 */
export const PRESETS: Record<string, { quality: string; selector: string; ext: string }> = {
  'best/any': { quality: 'best', selector: 'bv*+ba/b', ext: 'mp4' },
  'best/1080': { quality: 'up to 1080p', selector: 'bv*[height<=1080]+ba/b[height<=1080]/b', ext: 'mp4' },
  'best/720': { quality: 'up to 720p', selector: 'bv*[height<=720]+ba/b[height<=720]/b', ext: 'mp4' },
  'best/360': { quality: 'up to 360p', selector: 'bv*[height<=360]+ba/b[height<=360]/b', ext: 'mp4' },
  'best/audio': { quality: 'audio only', selector: 'ba/b', ext: 'm4a' },
};
