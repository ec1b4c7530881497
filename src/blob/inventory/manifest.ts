/**
 * The manifest of an inventory, `<rule>-manifest.json`: which files it has, how many blobs they list, and what the rule leaves out.
 * https://learn.microsoft.com/azure/storage/blobs/blob-inventory#inventory-files
 */
import { printable } from '../../encoding/printable.js';
import { isObject, type LooseOptions } from '../../option-rules.js';
import { parseObject } from '../../wire/json.js';

export interface InventoryRule {
  readonly name: string;
  /** Columns of the files, in lower case. */
  readonly columns: ReadonlySet<string>;
  readonly blobTypes: readonly string[];
  readonly prefixes: readonly string[];
  readonly excludedPrefixes: readonly string[];
  readonly isOfRecentBlobs: boolean;
  /** Filters that this package does not know, which may leave out anything. */
  readonly unknownFilters: readonly string[];
  readonly snapshots: boolean;
  readonly versions: boolean;
  readonly deleted: boolean;
}

export interface Manifest {
  readonly rule: InventoryRule;
  readonly files: readonly { readonly blob: string; readonly size: number }[];
  readonly startedAt: string;
  readonly completedAt: Date;
  /** Number of rows of all files. */
  readonly objectCount: number;
}

/** Returns every fault of a manifest that cannot be counted. */
export function parseManifest(text: string): Manifest | readonly string[] {
  const given = parseObject(text.replace(/^\uFEFF/, '')) ?? {};
  const { ruleDefinition, summary, files } = given;
  const definition = isObject(ruleDefinition) ? ruleDefinition : {};
  const faults = [
    ...statusFaults(given),
    ...formatFaults(definition),
    ...filterFaults(definition),
    ...shapeFaults(given),
  ];
  if (faults.length > 0) return faults;
  const rule = ruleOf(String(given['ruleName']), definition);
  const missing = missingColumns(rule.columns, rule);
  if (missing.length > 0)
    return [`the rule ${printable(rule.name)} does not report ${missing.join(', ')}: add them to its schema`];
  return {
    rule,
    files: files as Manifest['files'],
    startedAt: String(given['inventoryStartTime']),
    completedAt: new Date(String(given['inventoryCompletionTime'])),
    objectCount: (summary as { readonly objectCount: number }).objectCount,
  };
}

/** Columns that a count needs, named as the service names them. */
export function missingColumns(
  columns: ReadonlySet<string>,
  { snapshots, versions, deleted }: Pick<InventoryRule, 'snapshots' | 'versions' | 'deleted'>,
): readonly string[] {
  const needed = [
    ...['Name', 'Metadata'],
    ...(snapshots ? ['Snapshot'] : []),
    ...(versions ? ['VersionId', 'IsCurrentVersion'] : []),
    ...(deleted ? ['Deleted'] : []),
  ];
  return needed.filter((name) => !columns.has(name.toLowerCase()));
}

function statusFaults({ status }: LooseOptions): readonly string[] {
  if (status === 'Succeeded') return [];
  const words =
    typeof status === 'string' ? `the inventory run is ${printable(status)}` : 'it is not the manifest of an inventory';
  return [`${words}: take the manifest of a run that succeeded`];
}

function formatFaults({ format, objectType }: LooseOptions): readonly string[] {
  const isParquet = String(format).toLowerCase() === 'parquet';
  return [
    ...(isParquet ? ['the inventory is in Parquet, which is not read: set the format of the rule to CSV'] : []),
    ...(isParquet || String(format).toLowerCase() === 'csv' ? [] : ['"format" of the rule must be "csv"']),
    ...(String(objectType).toLowerCase() === 'blob' ? [] : ['"objectType" of the rule must be "blob"']),
  ];
}

const LISTS = ['blobTypes', 'prefixMatch', 'excludePrefix'];
const FLAGS = ['includeSnapshots', 'includeBlobVersions', 'includeDeleted'];

/** A list that cannot be read might leave out anything. */
function filterFaults({ filters }: LooseOptions): readonly string[] {
  const isList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');
  return LISTS.filter((name) => isObject(filters) && isGiven(filters[name]) && !isList(filters[name])).map(
    (name) => `"${name}" of the rule must be a list of texts`,
  );
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function shapeFaults({ files, summary, ruleName, ...given }: LooseOptions): readonly string[] {
  const isFile = (file: unknown): boolean =>
    isObject(file) && typeof file['blob'] === 'string' && Number.isSafeInteger(file['size']);
  const count = isObject(summary) ? summary['objectCount'] : undefined;
  const isTime = (name: string): boolean => !Number.isNaN(Date.parse(String(given[name])));
  return [
    ...(typeof ruleName === 'string' ? [] : ['"ruleName" is missing']),
    ...(Array.isArray(files) && files.every(isFile) ? [] : ['"files" must list the files with their sizes']),
    ...(Number.isSafeInteger(count) && Number(count) >= 0 ? [] : ['"summary.objectCount" is missing']),
    ...['inventoryStartTime', 'inventoryCompletionTime']
      .filter((name) => !isTime(name))
      .map((name) => `"${name}" is missing`),
  ];
}

function ruleOf(name: string, { filters, schemaFields }: LooseOptions): InventoryRule {
  const given = isObject(filters) ? filters : {};
  return {
    name,
    columns: new Set(textsOf(schemaFields).map((field) => field.toLowerCase())),
    blobTypes: textsOf(given['blobTypes']),
    prefixes: textsOf(given['prefixMatch']).filter((prefix) => prefix !== ''),
    excludedPrefixes: textsOf(given['excludePrefix']).filter((prefix) => prefix !== ''),
    isOfRecentBlobs: isGiven(given['creationTime']),
    unknownFilters: Object.keys(given).filter(
      (name) => isGiven(given[name]) && ![...LISTS, ...FLAGS, 'creationTime'].includes(name),
    ),
    snapshots: given['includeSnapshots'] === true,
    versions: given['includeBlobVersions'] === true,
    deleted: given['includeDeleted'] === true,
  };
}

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
