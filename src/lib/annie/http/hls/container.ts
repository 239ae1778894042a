/** Detects the container of media by its first bytes. Pure. */
export type Container = 'mpegts' | 'mov' | 'aac' | 'mp3';

/** @param start the first 200 bytes, or all of a shorter file */
export function containerOf(start: Uint8Array): Container | null {
  if (start[0] === 0x47 && (start.length <= 188 || start[188] === 0x47)) return 'mpegts';
  const box = String.fromCharCode(...start.subarray(4, 8));
  if (['ftyp', 'styp', 'moov', 'moof', 'sidx'].includes(box)) return 'mov';
  // ADTS; packed audio of HLS carries an ID3 tag in front (RFC 8216, section 3.4)
  if (start[0] === 0xff && ((start[1] ?? 0) & 0xf6) === 0xf0) return 'aac';
  if (start[0] === 0xff && ((start[1] ?? 0) & 0xe6) === 0xe2) return 'mp3';
  return String.fromCharCode(...start.subarray(0, 3)) === 'ID3' ? 'aac' : null;
}

export const EXTENSION: Record<Container, string> = { mpegts: 'ts', mov: 'mp4', aac: 'aac', mp3: 'mp3' };
