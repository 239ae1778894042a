/** What is set on a server, for an operator. Nothing of it is secret. */
import type { EngineStatus } from './media.ts';

export interface SettingView {
  /** The environment variable. */
  name: string;
  /** In effect; '' = none. */
  value: string;
  /** false: as it is where nothing is said. */
  isSet: boolean;
}

/** Response of `GET /api/settings`. */
export interface SettingsView {
  version: string;
  settings: SettingView[];
  /** How engines are contained. */
  sandbox: string;
  engines: EngineStatus[];
}
