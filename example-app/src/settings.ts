import type { ClinicKeys } from './keys/clinic-keys.js';

/** What new scans and referrals are written in. */
export const PROTOCOL = '2.0';

/** What an application is started with; injectable by its class. */
export class ClinicSettings {
  readonly connectionString: string;
  readonly keys: ClinicKeys;
  /** Bytes of a scan at most. */
  readonly scanLimitBytes: number = 10 * 1024 ** 3;
  /** Whether storage may be tampered with and watched for show: only where it is an emulator of our own. */
  readonly demonstration: boolean = false;

  constructor(given: Pick<ClinicSettings, 'connectionString' | 'keys'> & Partial<ClinicSettings>) {
    Object.assign(this, given);
  }
}
