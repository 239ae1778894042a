import type { SettingView } from '#lib/protocol/settings.ts';
import type { Config, Environment } from './config.ts';

/** The settings in effect, by the names of their variables. */
export function settingsOf(config: Config, auth: string, env: Environment): SettingView[] {
  const values: [name: string, value: string | number | boolean | readonly string[]][] = [
    ['SLUICE_HOST', config.host],
    ['SLUICE_PORT', config.port],
    ['SLUICE_ORIGINS', config.origins],
    ['SLUICE_AUTH', auth],
    ['SLUICE_TRUST_PROXY', config.trustProxy],
    ['SLUICE_USER_HEADER', config.userHeader],
    ['SLUICE_DATA_DIR', config.dataDir],
    ['SLUICE_DOWNLOAD_DIR', config.downloadDir],
    ['SLUICE_SECRET_FILE', config.secretFile],
    ['SLUICE_ENGINES', config.engines],
    ['SLUICE_MAX_ACTIVE', config.maxActive],
    ['SLUICE_MAX_ACTIVE_PER_SESSION', config.maxActivePerSession],
    ['SLUICE_ALLOW_PRIVATE', config.allowPrivate],
    ['SLUICE_STALL_MS', config.stallMs],
    ['SLUICE_FIRST_BYTE_MS', config.firstByteMs],
    ['SLUICE_THROTTLE_MS', config.throttleMs],
    ['SLUICE_INSPECTOR', config.inspector],
    ['SLUICE_LOG_LEVEL', config.logLevel],
  ];
  return values.map(([name, value]) => ({ name, value: textOf(value), isSet: Boolean(env[name]?.trim()) }));
}

function textOf(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'object' ? value.join(', ') : String(value);
}
