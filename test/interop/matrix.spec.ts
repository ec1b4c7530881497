/** The matrix of docs/compatibility.md reports what the live tests found, and nothing else. */
import { isWhole, matrixIn, matrixOf, type Result, withMatrix } from './live/matrix.mjs';

const SDK = 'Python sdk 1.2';

const tests = (column: string, ...titles: readonly (readonly [title: string, status?: string])[]): readonly Result[] =>
  titles.map(([title, status = 'passed']) => ({ ancestorTitles: ['entities', SDK, column], title, status }));

/** The cell of the SDK for what it reads. */
const cellOf = (results: readonly Result[]): string | undefined =>
  matrixOf(results)
    .split('\n')
    .find((line) => line.startsWith(`| ${SDK} |`))
    ?.split(' | ')[2]
    ?.replace(' |', '');

describe('a cell of the matrix', () => {
  it.each([
    ['yes', 'every test passed', [['a'], ['b']]],
    ['yes (1)', 'one of them is a fault of the SDK', [['a'], ['known: it cuts']]],
    ['yes (1, 2)', 'two of them are faults of the SDK', [['known: it cuts'], ['a'], ['known: it lies']]],
    ['no (1)', 'only a fault was found', [['known: it cuts']]],
    ['**failed**', 'a test failed', [['a'], ['b', 'failed']]],
    ['**failed**', 'a known fault of the SDK did not occur', [['a'], ['known: it cuts', 'failed']]],
    ['not tried', 'a test was skipped', [['a'], ['b', 'pending']]],
  ] as const)('shows %s if %s', (verdict, _why, titles) => {
    expect(cellOf(tests('reads 1.0', ...titles))).toBe(verdict);
  });

  it('has a dash if there was nothing to try', () => {
    expect(cellOf(tests('writes 1.0', ['a']))).toBe('–');
  });

  it('gives the same fault the same number', () => {
    const results = [
      ...tests('writes 1.0', ['known: it lies'], ['a']),
      ...tests('reads 1.0', ['known: it cuts'], ['known: it lies'], ['a']),
    ];

    expect(cellOf(results)).toBe('yes (1, 2)');
    expect(matrixOf(results)).toMatch(/1\. it lies\n2\. it cuts$/);
  });
});

describe('the matrix', () => {
  it('has the newest version first', () => {
    const versions = ['12.3.1', '2.0.1', '12.15.0b1', '12.31.1'];
    const results = versions.map((version) => {
      return { ancestorTitles: ['messages', `Python sdk ${version}`, 'reads 2.0'], title: 'a', status: 'passed' };
    });

    const rows = [...matrixOf(results).matchAll(/^\| Python sdk (\S+) /gm)].map(([, version]) => version);

    expect(rows).toEqual(['12.31.1', '12.15.0b1', '12.3.1', '2.0.1']);
  });

  it.each([
    [true, 'every test passed', tests('reads 1.0', ['a'], ['known: b'])],
    [false, 'one failed', tests('reads 1.0', ['a'], ['b', 'failed'])],
    [false, 'one was skipped', tests('reads 1.0', ['a'], ['b', 'pending'])],
    [false, 'there were none', []],
  ])('is complete: %s if %s', (whole, _why, results) => {
    expect(isWhole(results)).toBe(whole);
  });

  it('replaces the one in a document', () => {
    const begin = '<!-- matrix: made by `npm run test:interop -- --write` -->';
    const text = `before\n${begin}\n\nold\n\n<!-- end of matrix -->\nafter`;

    const changed = withMatrix(text, 'new');

    expect(matrixIn(text)).toBe('old');
    expect(matrixIn(changed)).toBe('new');
    expect(changed.replace('new', 'old')).toBe(text);
    expect(() => matrixIn('nothing')).toThrow('there are no lines');
  });
});
