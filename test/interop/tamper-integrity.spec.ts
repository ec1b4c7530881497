/** The tamper matrix for content with integrity entries: every change is seen, and nothing that was not verified is given out. */
import {
  type Cell,
  type Change,
  type Code,
  FAILED,
  type Kind,
  type KindName,
  kinds,
  kindsWith,
  names,
  ORDER,
  type Outcome,
  outcomeOf,
  plaintext,
  rows,
  text,
  written,
} from '../support/tamper-matrix.js';

const bound = names.filter((name) => name.startsWith('message'));
const MISSING: Code = 'INTEGRITY_MISSING';
const entry = (name: string) => new RegExp(`,"${name}":"[^"]*"`);
const without =
  (...entries: string[]): Change =>
  (stored) => ({ ...stored, text: entries.reduce((left, name) => left.replace(entry(name), ''), stored.text) });
const taken =
  (...entries: string[]): Change =>
  (stored, other) => ({
    ...stored,
    text: entries.reduce(
      (left, name) => left.replace(entry(name), entry(name).exec(other.text)?.[0] ?? ''),
      stored.text,
    ),
  });
const flipped = (letter: string): string => (letter === 'A' ? 'B' : 'A');
const ENTRIES = ['AzCseBind', 'AzCseTag', 'AzCseMac'];

/** What the entries alone can say: refused before anything is given out, under "verify" as under "require". */
const entryRows: readonly (readonly [what: string, change: Change, code: Code])[] = [
  ['its entries stripped', without(...ENTRIES), MISSING],
  ['no AzCseMac', without('AzCseMac'), FAILED],
  ['no AzCseBind', without('AzCseBind'), FAILED],
  ['AzCseBind alone', without('AzCseMac', 'AzCseTag'), FAILED],
  ['the entries of other content of the key', taken(...ENTRIES), FAILED],
  ['the MAC of other content of the key', taken('AzCseMac'), FAILED],
  [
    'the content and the entries of other content of the key',
    (stored, other) => ({ ...taken(...ENTRIES)(stored, other), sealed: other.sealed }),
    FAILED,
  ],
  ['a flipped AzCseMac', text(/("AzCseMac":")(.)/, (_all, head = '', first = '') => head + flipped(first)), FAILED],
  ['a MAC with a space', text('"AzCseMac":"', '"AzCseMac":" '), FAILED],
  ['a MAC that is no text', text(/"AzCseMac":"[^"]*"/, '"AzCseMac":7'), FAILED],
  ['another version of AzCseBind', text('"AzCseBind":"1;', '"AzCseBind":"2;'), FAILED],
  ['another length in AzCseBind', text(/;c=\d+/, ';c=9'), FAILED],
  ['more in AzCseBind', text(/("AzCseBind":"[^"]*)/, '$1;y=1'), FAILED],
  ['a context that nobody asked for', text(/("AzCseBind":"[^"]*)/, '$1;x=AAAAAAAAAAAAAAAAAAAAAA=='), FAILED],
];
const tagRows: readonly (readonly [what: string, change: Change, code: Code])[] = [
  ['no AzCseTag', without('AzCseTag'), FAILED],
  ['the tag of other content of the key', taken('AzCseTag'), FAILED],
  ['a flipped AzCseTag', text(/("AzCseTag":")(.)/, (_all, head = '', first = '') => head + flipped(first)), FAILED],
];

describe.each((['verify', 'require'] as const).flatMap((mode) => bound.map((name) => [name, mode] as const)))(
  'a stored %s with integrity entries, under "%s"',
  (name, mode) => {
    const kind: Kind = kindsWith(mode)[name];
    const column = names.indexOf(name);

    it('opens as it was written', async () => {
      const { code, released } = await outcomeOf(kind, await written(kind));

      expect([code, released.equals(plaintext)]).toEqual(['none', true]);
    });

    it.each(rows.filter(([, , cells]) => cells[column] !== '-'))('with %s', async (_what, change, cells) => {
      const cell = cells[column] as Exclude<Cell, '-'>;
      const after = change(await written(kind), await written(kind));

      const { code, released } = await outcomeOf(kind, after);

      if (cell === 'same') expect([code, released.equals(plaintext)]).toEqual(['none', true]);
      else expectSeen({ code, released }, cell, name);
    });

    it.each(name.endsWith('1.0') ? [...entryRows, ...tagRows] : entryRows)(
      'with %s',
      async (_what, change, expected) => {
        const before = await written(kind);
        const after = change(before, await written(kind));
        expect(after.text).not.toBe(before.text);

        const { code, released } = await outcomeOf(kind, after);

        expect([code, released.length]).toEqual([expected, 0]);
      },
    );
  },
);

it.each(names)(
  'a stored %s that never had entries is read under "verify", and refused under "require"',
  async (name) => {
    const stored = await written(kinds[name]);

    const verified = await outcomeOf(kindsWith('verify')[name], stored);
    const required = await outcomeOf(kindsWith('require')[name], stored);

    expect([verified.code, verified.released.equals(plaintext)]).toEqual(['none', true]);
    expect([required.code, required.released.length]).toEqual([MISSING, 0]);
  },
);

/** At least what the format sees; nothing of 1.0 is given out, and of 2.x no more than verified regions. */
function expectSeen({ code, released }: Outcome, cell: Exclude<Cell, '-' | 'same'>, name: KindName): void {
  const [expected, most] = typeof cell === 'string' ? [cell, 0] : cell;
  expect([FAILED, ORDER, expected]).toContain(code);
  expect(released.length).toBeLessThanOrEqual(name.endsWith('1.0') ? 0 : most);
  expect(released.equals(plaintext.subarray(0, released.length))).toBe(true);
}
