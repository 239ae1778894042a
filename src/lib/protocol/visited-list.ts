import type { DownloadView } from './download.ts';
import type { ErrorCode } from './error.ts';

/** What an operator sees of another's download: no address, as those may hold what gives access. */
export type VisitedRow = Pick<
  DownloadView,
  'id' | 'title' | 'state' | 'receivedBytes' | 'totalBytes' | 'percent' | 'createdAt'
> & { error: ErrorCode | null };

/** Response of `GET /api/people/ID/visit/LIST`. */
export interface VisitedList {
  until: string;
  downloads: VisitedRow[];
  next: string | null;
}
