/** What the tables of HLS share: real fragments, and streams that are made of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HttpEngineOptions } from '#lib/annie/http/engine.server.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { testUnless } from '../support/skip.ts';
import { response } from './origin.ts';
import { openWildKit, type WildKit } from './outcome.ts';

export type Piece = Buffer | string;

export const HLS = 'Content-Type: application/vnd.apple.mpegurl';
export const LOGIN = '<!doctype html><title>Log in</title><form>Password</form>';

const dir = await mediaDir();

export const mediaFile = (name: string): Promise<Buffer> =>
  dir === null ? Promise.resolve(Buffer.alloc(0)) : readFile(join(dir, name));

/** Six fragments of 1 s each, and all of them. */
export const ts = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => mediaFile(`ts/high00${n}.ts`)));
export const whole = Buffer.concat(ts);

export const replaced = (piece: Piece, at = 2): Piece[] =>
  ts.map((each, index) => (index === at ? piece : each));

/** The lines of a playlist of the six, in the folder `BASE`, without its end. */
export const six = (before = ''): string =>
  ['#EXTM3U', before, ...ts.map((_, index) => `#EXTINF:1,\nBASE/${index}.ts`)].join('\n');

export const it = (name: string, body: () => Promise<void>): void =>
  testUnless(test, mediaMissing, name, body);

export interface StreamKit extends WildKit {
  /** Serves fragments, and their playlist. @param head further fields of theirs */
  stream: (pieces: readonly Piece[], head?: string) => string;
  /** The same with a playlist of one's own, in which `BASE` is the folder of the fragments. */
  listed: (text: string, pieces?: readonly Piece[]) => string;
  /** The folder of the last stream. */
  base: () => string;
  /** A master playlist. */
  master: (lines: readonly [attributes: string, url: string][]) => string;
  assertWhole: (url: string, expected?: Buffer) => Promise<void>;
}

export async function openStreamKit(options: Partial<HttpEngineOptions> = {}): Promise<StreamKit> {
  const kit = await openWildKit(options);
  const { origin } = kit;
  let streams = 0;
  const base = (): string => `/stream${streams}`;
  const stream: StreamKit['stream'] = (pieces, head = '') => {
    streams++;
    const list = pieces.map((piece, index) => {
      origin.serve(`${base()}/${index}.ts`, response(`Content-Type: video/mp2t${head}`, piece));
      return `#EXTINF:1,\n${base()}/${index}.ts`;
    });
    const text = ['#EXTM3U', '#EXT-X-TARGETDURATION:1', ...list, '#EXT-X-ENDLIST'].join('\n');
    return origin.serve(`${base()}/list.m3u8`, response(HLS, text));
  };
  return {
    ...kit,
    stream,
    base,
    listed(text, pieces = ts) {
      stream(pieces);
      return origin.serve(`${base()}/own.m3u8`, response(HLS, text.replaceAll('BASE', base())));
    },
    master(lines) {
      const variants = lines.map(([attributes, url]) => `#EXT-X-STREAM-INF:${attributes}\n${url}`);
      return origin.serve(`/master${++streams}.m3u8`, response(HLS, ['#EXTM3U', ...variants].join('\n')));
    },
    async assertWhole(url, expected = whole) {
      const { state, body, message } = await kit.download(url);
      assert.is(state, 'complete', message);
      assert.ok(body.equals(expected), `${body.length} bytes`);
    },
  };
}
