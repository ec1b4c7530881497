/** One call of the package, what it needs before, and what must hold afterwards. */
import type { ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import type { Finding } from '../outcome.js';
import type { Random } from '../random.js';
import type { Storage } from '../storage.js';

export interface Ground {
  /** Goes through the proxy. */
  readonly through: Storage;
  /** Goes past it. */
  readonly direct: Storage;
  readonly protocol: ProtocolVersion;
  readonly random: Random;
  /** A name that no other try uses: small letters, digits and hyphens. */
  readonly name: string;
  /** For files. */
  readonly folder: string;
}

export interface Prepared {
  run(signal: AbortSignal): Promise<unknown>;
  /** Looks at what came back and what is stored now; `value` only where the call succeeded. */
  judge(end: { readonly succeeded: boolean; readonly value?: unknown }): Promise<Finding | undefined>;
}

export interface Operation {
  readonly name: string;
  readonly protocols: readonly ProtocolVersion[];
  /** Stores what the call works on. */
  prepare(ground: Ground): Promise<Prepared>;
}
