/** The complete file of an engine, inside the work dir. */
export interface FetchedFile {
  path: string;
  /** As the engine or server names the file: not yet made safe. */
  suggestedName: string;
  bytes: number;
}
