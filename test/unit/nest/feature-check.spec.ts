import { Encrypt, EncryptedEntity, EncryptedStorageModule, InvalidOptionsError } from '../../../src/index.js';
import { containerName, queueName, tableName } from '../../../src/nest/options/resource-names.js';

@EncryptedEntity({ table: 'patients' })
class Patient {
  @Encrypt() name!: string;
}

/** Accepts anything, because JavaScript users can pass anything. */
function faultsOf(register: () => unknown): readonly string[] {
  try {
    register();
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.faults;
    throw error;
  }
}
const featureFaults = (given: unknown): readonly string[] =>
  faultsOf(() => EncryptedStorageModule.forFeature(given as never));

describe('names of resources', () => {
  const text = (length: number): string => 'a'.repeat(length);
  const shared: [string, boolean][] = [
    ['scans', true],
    ['a-b-c', true],
    ['2026', true],
    [text(3), true],
    [text(63), true],
    [text(2), false],
    [text(64), false],
    ['My_Scans', false],
    ['Scans', false],
    ['-scans', false],
    ['scans-', false],
    ['a--b', false],
    ['scäns', false],
    ['scans\n', false],
    ['scans/2026', false],
    ['$other', false],
  ];
  it.each(shared)('of containers and queues may be %j: %s', (name, isFit) => {
    for (const rule of [containerName, queueName]) expect(rule.faults(name, 'x')).toHaveLength(isFit ? 0 : 1);
  });

  it.each(['$root', '$web', '$logs'])('of containers may be %s, but those of queues may not', (name) => {
    expect(containerName.faults(name, 'x')).toEqual([]);
    expect(queueName.faults(name, 'x')).toHaveLength(1);
  });

  const tables: [string, boolean][] = [
    ['patients', true],
    ['Patients2026', true],
    [text(3), true],
    [text(63), true],
    [text(2), false],
    [text(64), false],
    ['2026patients', false],
    ['my-patients', false],
    ['_Patient', false],
    ['tables', false],
    ['Tables', false],
    ['patients\n', false],
  ];
  it.each(tables)('of tables may be %j: %s', (name, isFit) => {
    expect(tableName.faults(name, 'x')).toHaveLength(isFit ? 0 : 1);
  });
});

describe('forFeature', () => {
  const broken: [what: string, given: unknown, faults: readonly (string | RegExp)[]][] = [
    ['nothing', undefined, [/^forFeature was called without options: give entity classes/]],
    [
      'a class that has not loaded yet',
      [undefined],
      [/^"tables\[0\]" is undefined where a class is expected: .*import each other/],
    ],
    [
      'an entity that has not loaded yet',
      { tables: [{ entity: undefined, table: 'patients' }] },
      [/^"tables\[0\]\.entity" is undefined where a class is expected/],
    ],
    [
      'variables that are not set',
      { containers: [undefined, { name: undefined, createIfNotExists: true }], queues: [''] },
      [
        '"containers[0]" has no name: is the variable that it comes from set?',
        '"containers[1]" has no name: is the variable that it comes from set?',
        '"queues[0]" has no name: is the variable that it comes from set?',
      ],
    ],
    ['a number instead of a name', { queues: [5] }, ['"queues[0]" must be a name, or an object with "name"']],
    ['a string instead of a list', { containers: 'scans' }, ['"containers" must be a list']],
    [
      'a misspelt member',
      { queues: [{ name: 'tasks', createIfNotExist: true }] },
      [/"queues\[0\]\.createIfNotExist" is not/],
    ],
    [
      'names that the service does not allow, at their paths',
      {
        containers: ['scans', 'My_Scans'],
        queues: [{ name: 'a' }],
        tables: [{ entity: Patient, table: 'my-patients' }],
      },
      [
        /^"containers\[1\]" cannot be "My_Scans"/,
        /^"queues\[0\]\.name" cannot be "a"/,
        /^"tables\[0\]\.table": "my-patients" cannot be the name of a table/,
      ],
    ],
    [
      'two tables with the same class',
      [Patient, { entity: Patient, table: 'others' }],
      ['"tables" has class Patient twice: keep one of its tables'],
    ],
  ];
  it.each(broken)('rejects %s', (_what, given, faults) => {
    expect(featureFaults(given)).toEqual(
      faults.map((fault) => (typeof fault === 'string' ? fault : (expect.stringMatching(fault) as unknown))),
    );
  });

  it('accepts names, classes and objects', () => {
    const given = {
      containers: ['$web', { name: 'scans' }],
      queues: ['tasks'],
      tables: [{ entity: Patient, table: 'patients' }],
    };

    expect(featureFaults(given)).toEqual([]);
  });
});

describe('forRoot and forRootAsync', () => {
  it.each(['forRoot', 'forRootAsync', 'forFeatureAsync'] as const)(
    '%s reports that its options are missing',
    (method) => {
      const register = EncryptedStorageModule[method] as (given?: unknown) => unknown;

      expect(faultsOf(() => register.call(EncryptedStorageModule))).toEqual([
        expect.stringMatching(new RegExp(`^${method} was called without options`)),
      ]);
    },
  );

  it.each(['forRoot', 'forRootAsync'] as const)('%s checks what is passed next to the options', (method) => {
    const register = EncryptedStorageModule[method] as (given: unknown) => unknown;

    expect(faultsOf(() => register.call(EncryptedStorageModule, { name: '', isGlobal: 'no' }))).toEqual([
      '"name" must be a name of up to 63 characters without "=" and ";"',
      '"isGlobal" must be true or false',
    ]);
  });
});
