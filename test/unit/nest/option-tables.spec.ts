/** Walks the tables of option rules that the start-up check uses: every option of every group. */
import { BLOB_INVENTORY } from '../../../src/blob/inventory/open-inventory.js';
import { BLOB_MAINTENANCE } from '../../../src/blob/maintenance/blob-maintenance-options.js';
import { ENCRYPT } from '../../../src/decorators/encryption-metadata.js';
import { ENCRYPTED_ENTITY } from '../../../src/decorators/entity-declaration.js';
import { KEY_CALLS } from '../../../src/envelope/key-call-options.js';
import { REWRAP_KEYS } from '../../../src/envelope/maintenance/rewrap-all.js';
import { MAINTENANCE } from '../../../src/maintenance/job.js';
import { HANDLER } from '../../../src/nest/consumers/queue-handler.explorer.js';
import { ENCRYPTED_FILE } from '../../../src/nest/files/encrypted-file.options.js';
import { HEALTH } from '../../../src/nest/health/encrypted-storage.health.js';
import { SETTINGS, WORKER } from '../../../src/nest/maintenance/maintenance.options.js';
import { EXTRAS, MODULE } from '../../../src/nest/options/options-check.js';
import { FEATURE } from '../../../src/nest/options/feature-check.js';
import { groupFaults, type OptionRule, type OptionRules } from '../../../src/option-rules.js';
import { CONSUMER } from '../../../src/queue/consumer/consumer-options.js';
import { QUEUE_MAINTENANCE } from '../../../src/queue/maintenance/queue-maintenance-options.js';

const GROUPS: Readonly<Record<string, OptionRules>> = {
  forRoot: MODULE,
  'forRoot, next to the options': EXTRAS,
  forFeature: FEATURE,
  'calls to keys': KEY_CALLS,
  'a consumer': CONSUMER,
  'a handler': HANDLER,
  'files of forms': ENCRYPTED_FILE,
  '@Encrypt()': ENCRYPT,
  '@EncryptedEntity()': ENCRYPTED_ENTITY,
  'a job': MAINTENANCE,
  'blobs of a job': BLOB_MAINTENANCE,
  'poison messages of a job': QUEUE_MAINTENANCE,
  'a rewrap in one call': REWRAP_KEYS,
  'an inventory': BLOB_INVENTORY,
  'workers of jobs': WORKER,
  'jobs of a module': SETTINGS,
  'a health probe': HEALTH,
};

/** Every option, including those of nested groups. */
function walk(rules: OptionRules, path: string): [path: string, rule: OptionRule][] {
  return Object.entries(rules).flatMap(([name, rule]) => [
    [`${path}.${name}`, rule],
    ...walk(rule.members ?? {}, `${path}.${name}`),
  ]);
}
const options = Object.entries(GROUPS).flatMap(([title, rules]) => walk(rules, title));
const groups: [string, OptionRules][] = [
  ...Object.entries(GROUPS),
  ...options.flatMap(([path, { members }]): [string, OptionRules][] =>
    members === undefined ? [] : [[path, members]],
  ),
];
const numbers = options.flatMap(([path, rule]): [string, OptionRule, readonly [number, number]][] =>
  rule.bounds === undefined ? [] : [[path, rule, rule.bounds]],
);

/** A value of a type that no option has. */
const WRONG = [Symbol('wrong'), null, NaN];

describe('every group of options', () => {
  it.each(groups)('rejects an unknown name in %s, and lists the known ones', (_path, rules) => {
    const faults = groupFaults(rules, { 'no-such-option': 1 }, 'here');

    expect(faults).toEqual([
      `"here.no-such-option" is not an option: the options are ${Object.keys(rules).join(', ')}`,
    ]);
  });

  it.each(groups)('treats undefined as omitted in %s', (_path, rules) => {
    const nothing = Object.fromEntries([...Object.keys(rules), 'no-such-option'].map((name) => [name, undefined]));

    expect(groupFaults(rules, nothing)).toEqual([]);
  });
});

describe('every option', () => {
  it.each(options)('rejects a value of the wrong type for %s, and names its path', (_path, rule) => {
    for (const value of WRONG) {
      const faults = rule.faults(value, 'the.place');

      expect(faults.length).toBeGreaterThan(0);
      for (const fault of faults) expect(fault).toMatch(/^"the\.place/);
    }
  });
});

describe('every number', () => {
  it.each(numbers)('is limited to its bounds: %s', (_path, rule, [least, most]) => {
    const isRefused = (value: unknown): boolean => rule.faults(value, 'x').length > 0;

    expect([least, most].map(isRefused)).toEqual([false, false]);
    expect([least - 1, most + 1, -Infinity, Infinity, String(least), BigInt(1)].map(isRefused)).not.toContain(false);
  });
});

describe('the walk', () => {
  it('reaches nested groups', () => {
    const paths = options.map(([path]) => path);

    expect(paths).toContain('forRoot.blob.encryption.unwrapCache.ttl');
    expect(paths).toContain('forRoot.connection.tableClientFactory');
    expect(paths).toContain('forFeature.encryption.requireEncryption');
    expect(paths).toContain('forFeature.queues.createIfNotExists');
    expect(paths).toContain('@Encrypt().searchable.bits');
    expect(numbers.map(([path]) => path)).toContain('a health probe.timeout');
    expect(numbers.length).toBeGreaterThan(20);
  });
});
