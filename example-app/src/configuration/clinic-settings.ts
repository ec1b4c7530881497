import type { SearchKeys } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from '../keys/clinic-keys.js';

/** What new scans and referrals are written in. */
export const PROTOCOL = '2.0';

type Optional = 'prefix' | 'port' | 'demonstration';

export type GivenSettings = Pick<ClinicSettings, 'connectionString' | 'keys' | 'searchKeys'> &
  Partial<Pick<ClinicSettings, Optional>>;

/** What the modules take from the configuration; injectable by its class. */
export class ClinicSettings {
  readonly connectionString: string;
  readonly keys: ClinicKeys;
  /** Finds patients by what is sealed. Nothing of it is stored. */
  readonly searchKeys: SearchKeys;
  /** Begins the names of containers, queues and tables. */
  readonly prefix: string = '';
  /** 0 takes any free one. */
  readonly port: number = 0;
  /** Whether storage may be tampered with and watched for show: only where it is an emulator of our own. */
  readonly demonstration: boolean = false;

  constructor(given: GivenSettings) {
    Object.assign(this, given);
  }

  /** The name that something has in the account. */
  nameOf(resource: string): string {
    return `${this.prefix}${resource}`;
  }

  /** A container, queue or table under its name in the account, for the settings of a feature. */
  resource(name: string): { readonly name: string; readonly createIfNotExists: true } {
    return { name: this.nameOf(name), createIfNotExists: true };
  }
}
