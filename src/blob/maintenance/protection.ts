/**
 * What protects a blob, snapshot or version from changes, and until when. Its properties show its own legal hold and policy, but
 * not a hold or policy of the whole container: then the service refuses the change, and the result has the service's code.
 */
import type { BlobClient, BlobGetPropertiesResponse } from '@azure/storage-blob';
import type { ObjectResult } from '../../envelope/maintenance/outcome.js';
import { propertiesOf, type RequestParts } from './blob-maintenance-options.js';

/** `null` if the properties show nothing that is in force now. */
export function protectionIn({
  legalHold,
  immutabilityPolicyExpiresOn: until,
}: Pick<BlobGetPropertiesResponse, 'legalHold' | 'immutabilityPolicyExpiresOn'>): ObjectResult | null {
  const isUnderPolicy = until !== undefined && until.getTime() > Date.now();
  if (legalHold !== true && !isUnderPolicy) return null;
  return {
    outcome: 'immutable',
    code: legalHold === true ? 'LEGAL_HOLD' : 'IMMUTABILITY_POLICY',
    until: isUnderPolicy ? until.toISOString() : undefined,
  };
}

/** What protects a blob whose change was refused; `null` if its properties do not show it, or cannot be read. */
export async function protectionOf(client: BlobClient, parts: RequestParts): Promise<ObjectResult | null> {
  const properties = await propertiesOf(client, parts).catch(() => null);
  return properties === null ? null : protectionIn(properties);
}
