import { setBootId } from '#lib/files/boot-id.server.ts';

/** The machine starts again, as far as files tell. `setBootId(null)` ends that. */
export function reboot(): void {
  setBootId('11111111-2222-3333-4444-555555555555');
}
