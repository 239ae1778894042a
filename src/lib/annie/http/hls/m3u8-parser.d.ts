/** What Sluice uses of m3u8-parser 7, which ships no types. */
declare module 'm3u8-parser' {
  export interface ByteRange {
    length: number;
    offset: number;
  }
  export interface Key {
    method: string;
    uri?: string;
    iv?: Uint32Array;
  }
  export interface Segment {
    uri?: string;
    duration?: number;
    byterange?: ByteRange;
    key?: Key;
    map?: { uri?: string; byterange?: ByteRange; key?: Key };
  }
  export interface Rendition {
    default?: boolean;
    autoselect?: boolean;
    uri?: string;
  }
  export interface Manifest {
    endList?: boolean;
    mediaSequence?: number;
    segments?: Segment[];
    playlists?: {
      uri?: string;
      attributes?: Partial<{
        AUDIO: string;
        BANDWIDTH: number;
        CODECS: string;
        RESOLUTION: { width: number; height: number };
      }>;
    }[];
    mediaGroups?: { AUDIO?: Record<string, Record<string, Rendition>> };
    contentProtection?: Record<string, unknown>;
  }
  export class Parser {
    manifest: Manifest;
    push(text: string): void;
    end(): void;
  }
}
