import type { CensusEntry } from '../../../src/maintenance/census.js';
import { Tally, verdictOn } from '../../../src/maintenance/census.js';
import { isMaintenanceClean, type MaintenanceReport } from '../../../src/maintenance/job.js';
import { formatMaintenanceReport } from '../../../src/maintenance/report/format-report.js';

const entry = (more: Partial<CensusEntry> = {}): CensusEntry => ({
  ...{ source: 'blobs scans', place: 'current', kind: 'sealed', keyId: 'old', protocol: '2.1' },
  ...{ integrity: true, library: null, count: 1 },
  ...more,
});

const HOSTILE = '<script>alert(1)</script>"\u001b[2J\u202e';

const report: MaintenanceReport = {
  ...{ job: 'leave', task: { do: 'rewrap', retire: [HOSTILE] }, dryRun: false },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T01:00:00.000Z' },
  ...{ seen: 1200, outcomes: { done: 1199, keyMissing: 1 } },
  failures: [{ source: 'blobs scans', name: HOSTILE, outcome: 'keyMissing', code: 'KEY_NOT_FOUND' }],
  deletions: [],
  warnings: [HOSTILE],
  census: {
    startedAt: '2026-01-01T00:30:00.000Z',
    finishedAt: '2026-01-01T01:00:00.000Z',
    entries: [
      entry({ keyId: 'new', count: 1199 }),
      entry({ keyId: HOSTILE }),
      entry({ kind: 'plain', keyId: null, protocol: null, count: 3 }),
    ],
    verdict: { retire: [HOSTILE], mayDestroy: 'no', reasons: ['1 × blob'] },
    blindSpots: ['other accounts'],
    uncounted: [],
  },
};

describe('a report', () => {
  it.each(['text', 'html', 'json'] as const)('as %s neither controls a terminal nor reverses text', (format) => {
    // eslint-disable-next-line no-control-regex
    expect(formatMaintenanceReport(report, format)).not.toMatch(/\u001b|\u202e/);
  });

  it('as HTML shows stored names as text, loads nothing, and draws a bar for each key', () => {
    const page = formatMaintenanceReport(report, 'html');

    expect(page).not.toMatch(/<script|src=|href=/);
    expect(page.match(/<rect /g)).toHaveLength(3 + 2);
    expect(page).toMatch(/new, protocol 2\.1: 1,199/);
    expect(page).toMatch(/\(plaintext\)/);
  });

  it.each([
    ['text', /^ {2}and 1,150 more$/m, /^ {2}and 250 more$/m],
    ['html', /<p>and 200 more<\/p>/, /<p>and 100 more<\/p>/],
  ] as const)('as %s says how many it does not name', (format, failed, deleted) => {
    const failures = Array.from({ length: 1000 }, () => ({ ...report.failures[0]!, name: 'x' }));
    const deletions = Array.from({ length: 200 }, () => ({ source: 'blobs scans', name: 'x', copy: 'y' }));
    const outcomes = { same: 7, keyMissing: 1100, leased: 100, deleted: 300 };

    const shown = formatMaintenanceReport({ ...report, failures, deletions, outcomes }, format);

    expect(shown).toMatch(failed);
    expect(shown).toMatch(deleted);
  });

  it.each(['text', 'html'] as const)('as %s shows until when an object must not change', (format) => {
    const until = '2100-01-01T00:00:00.000Z';
    const failures = [{ ...report.failures[0]!, outcome: 'immutable', code: 'IMMUTABILITY_POLICY', until } as const];

    expect(formatMaintenanceReport({ ...report, failures }, format)).toMatch(/until 2100-01-01T00:00:00\.000Z/);
  });

  it.each(['text', 'html'] as const)('as %s begins with what re-encryption does not undo', (format) => {
    const again = { ...report, task: { do: 'reencrypt', when: { keyIds: ['old'] } } } as const;
    const inClear = { ...report, task: { do: 'reencrypt', when: { plaintext: true } } } as const;
    const warning = /finished \S+\. If the key was disclosed, so is everything that was under it/;

    expect(formatMaintenanceReport(again, format)).toMatch(warning);
    for (const other of [report, inClear]) expect(formatMaintenanceReport(other, format)).not.toMatch(warning);
  });

  it.each(['text', 'html'] as const)('as %s counts page blobs in separate rows', (format) => {
    const census = { ...report.census, entries: [entry(), entry({ isOfPages: true, count: 7 })] };

    expect(formatMaintenanceReport({ ...report, census }, format)).toMatch(/page blob/);
  });

  it('as JSON is the report', () => {
    expect(JSON.parse(formatMaintenanceReport(report, 'json'))).toMatchObject({ seen: 1200, outcomes: { done: 1199 } });
  });
});

describe('a report is clean', () => {
  const encrypt = { do: 'reencrypt', when: { plaintext: true } } as const;
  const remove = { do: 'deleteSuperseded', when: { plaintext: true } } as const;
  const bind = { do: 'reencrypt', when: { withoutIntegrity: true } } as const;
  const leave = { do: 'reencrypt', when: { protocols: ['1.0'] } } as const;
  const convert = { do: 'reencrypt', when: { foreign: true } } as const;
  const counted = (more: Partial<MaintenanceReport['census']> = {}) => {
    const { verdict: _none, ...census } = report.census;
    return { ...census, entries: [], ...more };
  };
  const sealed = (more: Partial<CensusEntry>) => counted({ entries: [entry(more)] });
  const inOld = (more: Partial<CensusEntry>) => sealed({ protocol: '1.0', ...more });
  const plain = (place: CensusEntry['place']) =>
    counted({ entries: [entry({ kind: 'plain', keyId: null, protocol: null, integrity: false, place })] });

  it.each<[string, boolean, Partial<MaintenanceReport>]>([
    ['all is done', true, { task: encrypt, outcomes: { done: 3 } }],
    ['a dry run would change nothing', true, { task: encrypt, dryRun: true, outcomes: { same: 3, gone: 1 } }],
    ['a dry run would change something', false, { task: encrypt, dryRun: true, outcomes: { done: 1 } }],
    ['a dry run would delete something', false, { task: remove, dryRun: true, outcomes: { deleted: 1 } }],
    ['a snapshot in plaintext is left', false, { task: encrypt, outcomes: { done: 1 }, census: plain('snapshot') }],
    ['an old version in plaintext is left', false, { task: remove, outcomes: {}, census: plain('version') }],
    [
      'a deleted blob in plaintext will expire',
      true,
      { task: encrypt, outcomes: { done: 1 }, census: plain('deleted') },
    ],
    ['versions could not be listed', false, { task: remove, outcomes: {}, census: counted({ uncounted: ['some'] }) }],
    [
      'a plaintext blob was added in the meantime',
      false,
      { task: encrypt, outcomes: { done: 1 }, census: plain('current') },
    ],
    [
      'a plaintext row was added in the meantime',
      false,
      { task: encrypt, outcomes: { done: 1 }, census: plain('row') },
    ],
    ['a poison message is in plaintext', true, { task: encrypt, outcomes: { done: 1 }, census: plain('poison') }],
    [
      'a blob without integrity entries was added',
      false,
      { task: bind, outcomes: {}, census: sealed({ integrity: false }) },
    ],
    ['a page blob is in 1.0, as all are', true, { task: leave, outcomes: {}, census: inOld({ isOfPages: true }) }],
    ['a row is in 1.0, as all are', true, { task: leave, outcomes: {}, census: inOld({ place: 'row' }) }],
    ['another blob in 1.0 was added', false, { task: leave, outcomes: {}, census: inOld({}) }],
    ['a poison message in 1.0 was added', false, { task: leave, outcomes: {}, census: inOld({ place: 'poison' }) }],
    ['nothing reads a plaintext blob', true, { task: convert, outcomes: { same: 1 }, census: plain('current') }],
    ['a remaining blob is in plaintext', true, { task: remove, outcomes: { same: 1 }, census: plain('current') }],
    ['a census counts plaintext', true, { task: { do: 'census' }, outcomes: {}, census: plain('snapshot') }],
  ])('if %s: %s', (_what, expected, more) => {
    expect(isMaintenanceClean({ ...report, census: counted(), ...more })).toBe(expected);
  });
});

describe('the verdict on a key', () => {
  const verdict = (...entries: CensusEntry[]) =>
    verdictOn(['old'], entries, { finishedAt: '2026-01-01T00:00:00.000Z', uncounted: [] });

  it.each([
    ['a blob', entry()],
    ['a snapshot', entry({ place: 'snapshot' })],
    ['an old version', entry({ place: 'version' })],
    ['a row', entry({ place: 'row' })],
    ['a poison message', entry({ place: 'poison' })],
    ['a deleted blob without a date', entry({ place: 'deleted' })],
    ['something unreadable, which may be under any key', entry({ kind: 'damaged', keyId: null })],
    ['an upload that has not finished', entry({ kind: 'unfinished', keyId: null })],
  ])('is no with %s', (_what, found) => {
    expect(verdict(found)).toMatchObject({ mayDestroy: 'no', reasons: [expect.any(String)] });
  });

  it('is the date when the last deleted blob expires', () => {
    const [early, late] = ['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];

    expect(
      verdict(entry({ place: 'deleted', goneOn: late }), entry({ place: 'deleted', goneOn: early })),
    ).toMatchObject({
      ...{ mayDestroy: 'after', after: late },
    });
    expect(verdict(entry({ keyId: 'new' }), entry({ kind: 'plain', keyId: null }))).toMatchObject({
      ...{ mayDestroy: 'after', after: '2026-01-01T00:00:00.000Z' },
    });
  });

  it('is no if a deleted blob without a date was counted with one that has a date', () => {
    const [dated, endless] = [
      entry({ place: 'deleted', goneOn: '2026-02-01T00:00:00.000Z' }),
      entry({ place: 'deleted' }),
    ];

    for (const entries of [
      [dated, endless],
      [endless, dated],
    ]) {
      expect(verdict(...new Tally(entries).entries).mayDestroy).toBe('no');
    }
  });

  it('is no if there were too many keys to distinguish, or if something was not counted', () => {
    const tally = new Tally(Array.from({ length: 6000 }, (_, index) => entry({ keyId: `planted ${index}` })));

    expect(tally.entries.length).toBeLessThan(5010);
    expect(verdict(...tally.entries).mayDestroy).toBe('no');
    const uncounted = ['2 messages'];
    expect(verdictOn(['old'], [], { finishedAt: '', uncounted })).toMatchObject({
      mayDestroy: 'no',
      reasons: uncounted,
    });
  });
});
