import * as v from 'valibot';

/** The text of a small file of ours; null = it is no JSON, or not of this form: a power cut or another program wrote it. */
export function parseJsonAs<Of>(schema: v.GenericSchema<unknown, Of>, text: string): Of | null {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return null;
  }
}
