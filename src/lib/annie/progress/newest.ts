import type { Sample } from '../../protocol/progress.ts';
import { createProgressParser, type Dialect, type ProgressParser } from './parser.ts';
import { createValues, toSample } from './sample.ts';
import type { ProgressEvent } from './sink.ts';

export interface NewestParser extends ProgressParser {
  /** The newest record since the last call; null when none came. It is about the part at hand. */
  newest(): Sample | null;
  /** All numbers of the newest record ever (see sample.ts): fragments, ffmpeg's time and speed. */
  readonly values: Float64Array;
}

/**
 * A parser for those who only want to know how far it is now: records are decoded and counted, and only the
 * newest is made into an object, when it is asked for. Events come at once.
 */
export function createNewestParser(
  dialect: Dialect,
  onEvent: (event: ProgressEvent) => void = () => {},
): NewestParser {
  const values = createValues();
  let fresh = false;
  const parser = createProgressParser(dialect, {
    sample(_fd, newest) {
      for (let k = 0; k < values.length; k++) values[k] = newest[k]!;
      fresh = true;
    },
    event: onEvent,
  });
  return {
    push(fd, chunk) {
      parser.push(fd, chunk);
    },
    end() {
      parser.end();
    },
    values,
    newest() {
      if (!fresh) return null;
      fresh = false;
      return toSample(values);
    },
  };
}
