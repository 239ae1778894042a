/**
 * Everything that reads strangers' text, by name. Each is pure, takes and gives what can be cloned, and throws SluiceErrors.
 * None is ever called in the main thread: what it is given may be made to take for ever.
 *
 * Imported by the thread alone; all others take the types of it (`port.ts`).
 */
import { readLuxFailure } from './lux/failure.ts';
import { readLuxListing } from './lux/listing.ts';
import { readPage } from './page/scan.ts';
import { readPlaylist } from './playlist/playlist.ts';
import { readYtDlpFailure } from './yt-dlp/failure.ts';
import { readYtDlpListing } from './yt-dlp/listing.ts';

export const readers = {
  playlist: readPlaylist,
  page: readPage,
  'yt-dlp-listing': readYtDlpListing,
  'yt-dlp-failure': readYtDlpFailure,
  'lux-listing': readLuxListing,
  'lux-failure': readLuxFailure,
};
