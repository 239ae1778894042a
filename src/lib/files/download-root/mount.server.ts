/** Which mount holds a folder, from the kernel's table. */
import { readFile, realpath } from 'node:fs/promises';

export interface Mount {
  /** Another text means another mount; ids are reused, so the same text does not prove the same mount. */
  text: string;
  /** The folder itself is the mount point. */
  isPoint: boolean;
}

/**
 * Mount id, device, mount point and source of the mount that holds `dir`; null where there is no such table (other
 * systems).
 */
export async function mountOf(dir: string): Promise<Mount | null> {
  try {
    const [path, table] = await Promise.all([realpath(dir), readFile('/proc/self/mountinfo', 'utf8')]);
    return mountHolding(path, table);
  } catch {
    return null;
  }
}

/** @param table text of /proc/self/mountinfo (proc(5)): id, parent, device, root, mount point, options … - type source */
export function mountHolding(path: string, table: string): Mount | null {
  let best: { point: string; text: string } | null = null;
  for (const line of table.split('\n')) {
    const [id, , device, , escaped] = line.split(' ');
    if (id === undefined || device === undefined || escaped === undefined) continue;
    const point = escaped.replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    const source = line.split(' - ')[1] ?? '';
    // Of two mounts on the same point the later one covers the earlier.
    if (holds && point.length >= (best?.point.length ?? 0))
      best = { point, text: `${id} ${device} ${point} ${source}` };
  }
  return best && { text: best.text, isPoint: best.point === path };
}
