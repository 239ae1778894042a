/** Whether this process runs in a container. */
import { existsSync } from 'node:fs';
import type { Environment } from './config.ts';

/** Made by Docker, and by Podman. */
const FILES = ['/.dockerenv', '/run/.containerenv'];
/** Set by Podman, LXC and systemd-nspawn (systemd's "Container Interface"), and by Kubernetes. */
const VARIABLES = ['container', 'KUBERNETES_SERVICE_HOST'];

/** @param exists looks for a file */
export function isInContainer(env: Environment, exists: (path: string) => boolean = existsSync): boolean {
  return VARIABLES.some((name) => Boolean(env[name])) || FILES.some((path) => exists(path));
}
