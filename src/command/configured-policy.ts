/** The policy that the user's own module exports, with any keys: in a vault, in another service, or behind a resolver. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ForeignSource } from '../blob/maintenance/foreign-source.js';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { type EncryptionPolicy, policyWith } from '../envelope/encryption-policy.js';
import { InvalidOptionsError } from '../errors/input.js';
import { isObject, refuse } from '../option-rules.js';
import { PROTOCOL_VERSIONS } from '../protocol/registry.js';
import { missingPackageOf } from './missing-package.js';
import { policyFaults } from './policy-rules.js';

export interface CommandPolicy {
  readonly policy: EncryptionPolicy;
  /** Classes by the name of their table. */
  readonly entities: Readonly<Record<string, EntityClass>>;
  /** Reads blobs in a foreign format. */
  readonly foreign?: ForeignSource | undefined;
}

/** The policy of the module for an inspection, which reads every version and verifies all integrity entries. */
export async function configuredForReading(path: string): Promise<EncryptionPolicy> {
  const { policy } = await configured(path);
  const integrity = policy.integrity === 'off' ? 'verify' : policy.integrity;
  return policyWith(policy, { readProtocols: PROTOCOL_VERSIONS, integrity });
}

/** Throws `INVALID_OPTIONS` for a module that cannot be used. */
export async function configured(path: string): Promise<CommandPolicy> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    const { code, name } = error as { readonly code?: string; readonly name?: string };
    const missing = missingPackageOf(error);
    const reason = missing === undefined ? (code ?? name ?? 'error') : `it needs the package ${missing}`;
    throw new InvalidOptionsError([`the module of --config cannot be loaded: ${reason}`]);
  });
  const { policy, entities, foreign } = module as Partial<CommandPolicy>;
  if (!isObject(policy)) {
    throw new InvalidOptionsError(['the module of --config must export "policy", an EncryptionPolicy']);
  }
  refuse(policyFaults(policy).map((fault) => `the module of --config: ${fault}`));
  return { policy, entities: entities ?? {}, foreign };
}
