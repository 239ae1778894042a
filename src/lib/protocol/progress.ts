/**
 * The newest progress of one download, as its engine reports it; the built-in engine counts the bytes that it wrote.
 * null = not known, never 0.
 */
export interface Sample {
  /** Bytes on disk or being written, over all parts of the download. */
  receivedBytes: number;
  totalBytes: number | null;
  /** 0–100, clamped. With a total, it and the time left follow from the bytes (`deriveProgress`): these are not read. */
  percent: number | null;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
}
