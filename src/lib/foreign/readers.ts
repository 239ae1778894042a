/**
 * All readers of untrusted text, by name. Each is pure, its input and output can be cloned, and it throws SluiceErrors. None is
 * called in the server's process, as hostile input may take forever, or end it. Only the readers' program imports this; others import the types
 * (`port.ts`).
 */
import { readLuxFailure } from './lux/failure.ts';
import { readLuxListing } from './lux/listing.ts';
import { readMp4Times } from './mp4/times.ts';
import { readPage } from './page/read-page.ts';
import { readPlaylist } from './playlist/playlist.ts';
import { readProgramFailure } from './program/failure.ts';
import { readProgramListing } from './program/listing.ts';
import { readYtDlpFailure } from './yt-dlp/failure.ts';
import { readYtDlpListing } from './yt-dlp/listing.ts';

export const readers = {
  playlist: readPlaylist,
  page: readPage,
  'mp4-times': readMp4Times,
  'yt-dlp-listing': readYtDlpListing,
  'yt-dlp-failure': readYtDlpFailure,
  'lux-listing': readLuxListing,
  'lux-failure': readLuxFailure,
  'program-listing': readProgramListing,
  'program-failure': readProgramFailure,
};
