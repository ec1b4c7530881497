/** The tamper matrix for content with integrity entries: every change is seen, and nothing that was not verified is given out. */
import {
  ENTRIES,
  entryRows,
  flipped,
  MISSING,
  taken,
  without,
  type Cell,
  type Change,
  type Code,
  FAILED,
  type Kind,
  kinds,
  kindsWith,
  names,
  ORDER,
  type Outcome,
  outcomeOf,
  rowsOf,
  text,
  written,
} from '../support/tamper-matrix.js';

const contentRows: readonly (readonly [what: string, change: Change, code: Code])[] = [
  ['another length in AzCseBind', text(/;c=\d+/, ';c=9'), FAILED],
  [
    'the content and the entries of other content of the key',
    (stored, other) => ({ ...taken(...ENTRIES)(stored, other), sealed: other.sealed }),
    FAILED,
  ],
];
const tagRows: readonly (readonly [what: string, change: Change, code: Code])[] = [
  ['no AzCseTag', without('AzCseTag'), FAILED],
  ['the tag of other content of the key', taken('AzCseTag'), FAILED],
  ['a flipped AzCseTag', text(/("AzCseTag":")(.)/, (_all, head = '', first = '') => head + flipped(first)), FAILED],
];

describe.each((['verify', 'require'] as const).flatMap((mode) => names.map((name) => [name, mode] as const)))(
  'a stored %s with integrity entries, under "%s"',
  (name, mode) => {
    const kind: Kind = kindsWith(mode)[name];
    const { plaintext } = kind;

    it('opens as it was written', async () => {
      const { code, released } = await outcomeOf(kind, await written(kind));

      expect([code, released.equals(plaintext)]).toEqual(['none', true]);
    });

    it.each(rowsOf(name))('with %s', async (_what, change, cell) => {
      const after = change(await written(kind), await written(kind));

      const { code, released } = await outcomeOf(kind, after);

      if (cell === 'same') expect([code, released.equals(plaintext)]).toEqual(['none', true]);
      else expectSeen({ code, released }, kind, cell);
    });

    it.each([...entryRows, ...contentRows, ...(name.endsWith('1.0') ? tagRows : [])])(
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

    expect([verified.code, verified.released.equals(kinds[name].plaintext)]).toEqual(['none', true]);
    expect([required.code, required.released.length]).toEqual([MISSING, 0]);
  },
);

/** At least what the format sees; nothing of 1.0 is given out, and of 2.x no more than verified regions. */
function expectSeen({ code, released }: Outcome, kind: Kind, cell: Exclude<Cell, '-' | 'same'>): void {
  const [expected, most] = typeof cell === 'string' ? [cell, 0] : cell;
  expect([FAILED, ORDER, expected]).toContain(code);
  expect(released.length).toBeLessThanOrEqual(kind.policy.protocol === '1.0' ? 0 : most);
  expect(released.equals(kind.plaintext.subarray(0, released.length))).toBe(true);
}
