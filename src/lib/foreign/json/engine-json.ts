/** The JSON that an engine printed; it quotes untrusted pages. */
import { SluiceError } from '../../protocol/error.ts';
import { MAX_JSON_TEXT, MAX_JSON_VALUES } from '../limits.ts';
import { NotJson, project, type Projection, type Shape, TooManyValues } from './project.ts';

const LIMITS = { values: MAX_JSON_VALUES, text: MAX_JSON_TEXT };

/**
 * @param at offset of the JSON in the bytes
 * @throws SluiceError `engine_output` when it is not JSON, `too_complex`
 */
export function projectEngineJson(engine: string, json: Buffer, shape: Shape, at = 0): Projection {
  try {
    return project(json, shape, LIMITS, at);
  } catch (cause) {
    if (cause instanceof TooManyValues)
      throw new SluiceError('too_complex', `${engine} listed more than can be read.`, { cause });
    if (!(cause instanceof NotJson)) throw cause;
    throw new SluiceError('engine_output', `${engine} answered something that is not JSON.`, { cause });
  }
}
