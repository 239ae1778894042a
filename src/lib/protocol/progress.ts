/**
 * The newest knowledge about one download. null = not known, never 0.
 * Source: an engine's own report or, for the built-in engine, bytes handed to the file.
 */
export interface Sample {
  /** Bytes on disk or on their way to it, over all parts of the download. */
  receivedBytes: number;
  totalBytes: number | null;
  /** 0–100, clamped. */
  percent: number | null;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
}
