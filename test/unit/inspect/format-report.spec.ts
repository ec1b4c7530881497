import { printableJson } from '../../../src/encoding/printable.js';
import { toText } from '../../../src/inspect/format-report.js';
import type { Report } from '../../../src/inspect/report.js';

const HOSTILE = 'a\u001b[2Jb\u202ec\u200bd\u0007';
// eslint-disable-next-line no-control-regex -- a terminal interprets these
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/;

const report = (finding: Partial<Report['findings'][number]>): Report => ({
  inspected: { kind: 'queue', queue: 'letters' },
  findings: [{ facts: {}, anomalies: [], notes: [], ...finding }],
});

describe('a report', () => {
  it('reports that nothing was found', () => {
    expect(toText({ inspected: { queue: 'letters' }, findings: [] })).toBe('letters\n\nnothing was found\n');
  });

  it('puts each fact on its own line, in words, and leaves out what is unknown', () => {
    const text = toText(
      report({ facts: { keyId: 'clinic', wrappedKeyBytes: 40, unknown: undefined, regions: { read: 1 } } }),
    );

    expect(text).toMatch(/^ {2}key id +clinic$/m);
    expect(text).toMatch(/^ {2}wrapped key bytes +40$/m);
    expect(text).toMatch(/^ {2}regions +read 1$/m);
    expect(text).not.toContain('unknown');
    expect(text).toMatch(/^ {2}anomalies +none$/m);
  });

  it('names anomalies and the outcome of a verification', () => {
    const anomalies = [{ code: 'NONCES_MIXED', text: 'odd' } as const];

    expect(toText(report({ anomalies }))).toMatch(/^ {2}ANOMALY +NONCES_MIXED: odd$/m);
    const verified = { verified: true, integrity: 'verified', plaintextBytes: 5, signedProperties: ['ward'] } as const;
    expect(toText(report({ verification: verified }))).toMatch(
      /decrypts to 5 bytes\n {2}integrity +the entries are valid\n {2}signed properties +ward/,
    );
    expect(toText(report({ verification: { ...verified, integrity: 'no entries' } }))).toContain('no entries');
    expect(toText(report({ verification: { verified: false, code: 'DECRYPTION_FAILED', text: 'no' } }))).toContain(
      'FAILED: DECRYPTION_FAILED: no',
    );
  });

  it('prevents stored text from controlling a terminal, as text and as JSON', () => {
    const hostile: Report = {
      inspected: { queue: HOSTILE },
      findings: [
        {
          facts: { keyId: HOSTILE },
          anomalies: [{ code: 'NONCES_MIXED', text: HOSTILE }],
          notes: [HOSTILE],
          verification: { verified: false, code: 'KEY_NOT_FOUND', text: HOSTILE },
        },
      ],
    };

    expect(toText(hostile)).not.toMatch(OBEYED);
    expect(printableJson(hostile)).not.toMatch(OBEYED);
    expect(JSON.parse(printableJson(hostile))).toEqual(hostile);
  });
});
