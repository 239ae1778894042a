/** `engine.json` of an engine that the operator has put into the data folder (docs/engines.md). Pure. */
import * as v from 'valibot';

/** Of what the program reads and prints. */
export const PROTOCOL = 1;

const Site = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(/^[a-z\d-]{1,63}(\.[a-z\d-]{1,63}){0,8}$/, 'a site is a host name, such as example.org'),
);
const ProgramManifest = v.object({
  protocol: v.literal(PROTOCOL),
  name: v.string(),
  version: v.pipe(v.string(), v.regex(/^[\w.+-]{1,64}$/, 'a version has letters, digits, dots')),
  /** Host names, each with all below it. */
  sites: v.pipe(v.array(Site), v.maxLength(5_000)),
});
export type ProgramManifest = v.InferOutput<typeof ProgramManifest>;

/** @param folder its name has to be the engine's @returns a sentence that says what is wrong with it */
export function readProgramManifest(text: string, folder: string): ProgramManifest | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'engine.json is not JSON.';
  }
  const { success, output, issues } = v.safeParse(ProgramManifest, json);
  if (!success) return `engine.json: ${v.getDotPath(issues[0]) ?? 'all of it'}: ${issues[0].message}.`;
  if (output.name !== folder) return `engine.json names ${JSON.stringify(output.name.slice(0, 64))}.`;
  return output;
}

/** Whether a host is one of these sites, or below one. */
export function isSiteOf(sites: readonly string[], hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  return sites.some((site) => host === site || host.endsWith(`.${site}`));
}
