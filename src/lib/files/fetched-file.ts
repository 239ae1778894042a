/** What an engine has fetched: all of it, inside the work dir. */
export interface FetchedFile {
  path: string;
  /** What the file should be called, as the engine or server says: not yet made safe. */
  suggestedName: string;
  bytes: number;
}
