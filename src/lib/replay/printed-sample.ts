import { orNull, type ProgressRecord } from '../annie/progress/sample.ts';

/** A progress record with the field names of truth files and `sluice replay`. null = not known. */
export interface PrintedSample {
  fd: 1 | 2;
  /** Offset in the fd's stream after the record's last byte. */
  endOffset: number;
  /** As printed: lux can pass 100. */
  percent: number | null;
  receivedBytes: number | null;
  totalBytes: number | null;
  speedBytesPerSecond: number | null;
  etaSeconds: number | null;
}

export function toPrinted(fd: 1 | 2, record: ProgressRecord): PrintedSample {
  return {
    fd,
    endOffset: record.endOffset,
    percent: orNull(record.percent),
    receivedBytes: orNull(record.receivedBytes),
    totalBytes: orNull(record.totalBytes),
    speedBytesPerSecond: orNull(record.bytesPerSecond),
    etaSeconds: orNull(record.etaSeconds),
  };
}
