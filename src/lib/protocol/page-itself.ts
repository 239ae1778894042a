/** The id of the stream by which engine `http` saves a page, or a feed, as itself. */
export const PAGE_STREAM = 'page';

/** A page that was looked up: it is saved as itself only if a person picks that. */
export interface PageItself {
  /** What `POST /api/downloads` takes as `url`, with engine `http` and stream `page`. */
  url: string;
  title: string;
  /** File extension without the dot: `html`. */
  ext: string;
  /** Size in bytes without a content coding. */
  bytes: number;
}
