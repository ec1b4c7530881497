/** What an inventory does not list, according to its rule. */
import { MS_PER_DAY } from '../../clock.js';
import { printable } from '../../encoding/printable.js';
import type { BlindSpot } from '../../envelope/maintenance/maintained.js';
import type { InventoryRule, Manifest } from './manifest.js';

const BLOB_TYPES = ['blockBlob', 'appendBlob', 'pageBlob'];

/** @param isHierarchy - whether the account has a hierarchical namespace, and so neither page blobs nor versions */
export function leftOut({ rule, startedAt }: Manifest, isHierarchy: boolean): readonly BlindSpot[] {
  const where = `inventory ${printable(rule.name)}`;
  return [
    ...cutBy(rule, isHierarchy).map((what) => ({ text: `${what}: ${where} leaves them out`, isBlocking: true })),
    ...(rule.prefixes.length === 0
      ? []
      : [{ text: `blobs outside of ${namesOf(rule.prefixes)}: ${where} lists only these`, isBlocking: false }]),
    { text: `blobs that were written since ${startedAt}: ${where} is older`, isBlocking: false },
  ];
}

/** What an inventory does not show because of its age. If its time is in the future, it is not an inventory of this account. */
export function outOfDate({ rule, startedAt }: Manifest, maxAgeDays: number): readonly BlindSpot[] {
  const days = (Date.now() - Date.parse(startedAt)) / MS_PER_DAY;
  if (days >= -1 && days <= maxAgeDays) return [];
  const where = `inventory ${printable(rule.name)}`;
  const text =
    days < 0
      ? `whether ${where} is of this account: it began in the future, at ${startedAt}`
      : `what was written in the ${Math.floor(days)} days since ${where} began: take a newer one, or set "maxAgeDays" (--inventory-max-age)`;
  return [{ text, isBlocking: true }];
}

/** Each may need the key, and could have been listed. */
function cutBy(rule: InventoryRule, isHierarchy: boolean): readonly string[] {
  const types = BLOB_TYPES.filter((type) => !rule.blobTypes.includes(type) && !(isHierarchy && type === 'pageBlob'));
  return [
    ...(rule.snapshots ? [] : ['snapshots']),
    ...(rule.versions || isHierarchy ? [] : ['old versions of blobs']),
    ...(rule.deleted ? [] : ['deleted blobs that can be restored']),
    ...types.map((type) => `blobs of type ${type}`),
    ...(rule.isOfRecentBlobs ? ['blobs that are older than its days'] : []),
    ...rule.unknownFilters.map((name) => `blobs that its filter ${printable(name)} may exclude`),
    ...(rule.excludedPrefixes.length === 0 ? [] : [`blobs under ${namesOf(rule.excludedPrefixes)}`]),
  ];
}

const namesOf = (prefixes: readonly string[]): string => prefixes.map(printable).join(', ');
