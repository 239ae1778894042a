/** The page's address, which argv would show to everybody on the machine. */

/** In the run's folder, only while the engine runs. */
export const ADDRESS_FILE = 'sluice-address';

/** For `EngineCommand.files`. */
export function addressFile(url: string): Record<string, string> {
  return { [ADDRESS_FILE]: `${url}\n` };
}
