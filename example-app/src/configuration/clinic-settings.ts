import type { SearchKeys } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from '../keys/clinic-keys.js';

/** The protocol of new scans and referrals. */
export const PROTOCOL = '2.0';

type Optional = 'prefix' | 'port' | 'demonstration';

export type GivenSettings = Pick<ClinicSettings, 'connectionString' | 'keys' | 'searchKeys'> &
  Partial<Pick<ClinicSettings, Optional>>;

/** The settings of the modules; injectable by class. */
export class ClinicSettings {
  readonly connectionString: string;
  readonly keys: ClinicKeys;
  /** Finds patients by sealed properties. It is never stored. */
  readonly searchKeys: SearchKeys;
  /** The prefix of container, queue and table names. */
  readonly prefix: string = '';
  /** 0 selects any free port. */
  readonly port: number = 0;
  /** Whether the demonstration may tamper with storage and watch it: only with an embedded emulator. */
  readonly demonstration: boolean = false;

  constructor(given: GivenSettings) {
    Object.assign(this, given);
  }

  /** The name of a resource in the account. */
  nameOf(resource: string): string {
    return `${this.prefix}${resource}`;
  }

  /** A container, queue or table under its name in the account, for the settings of a feature. */
  resource(name: string): { readonly name: string; readonly createIfNotExists: true } {
    return { name: this.nameOf(name), createIfNotExists: true };
  }
}
