/** The tamper matrix for content with integrity entries: changes are detected, and nothing unverified is released. */
import { runAll } from '../../src/crypto/byte-transform.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { parseEncryptionData } from '../../src/wire/encryption-data.js';
import {
  ENTRIES,
  entryRows,
  flipped,
  MISSING,
  taken,
  without,
  withTag,
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
  rowsOf,
  type Stored,
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
  ['a tag that is not text', text(/"AzCseTag":"[^"]*"/, '"AzCseTag":null'), FAILED],
  ['only the tag', without('AzCseBind', 'AzCseMac'), FAILED],
];
const untaggedRows: typeof tagRows = [['a tag, which regions have no need of', withTag, FAILED]];

describe.each((['verify', 'require'] as const).flatMap((mode) => names.map((name) => [name, mode] as const)))(
  'a stored %s with integrity entries, under "%s"',
  (name, mode) => {
    const kind: Kind = kindsWith(mode)[name];
    const { plaintext } = kind;

    it('opens to what was written', async () => {
      const { code, released } = await outcomeOf(kind, await written(kind));

      expect([code, released.equals(plaintext)]).toEqual(['none', true]);
    });

    it.each(rowsOf(name))('with %s', async (_what, change, cell) => {
      const after = change(await written(kind), await written(kind));

      const { code, released } = await outcomeOf(kind, after);

      if (cell === 'same') expect([code, released.equals(plaintext)]).toEqual(['none', true]);
      else expectSeen({ code, released }, kind, cell);
    });

    it.each([...entryRows, ...contentRows, ...(name.endsWith('1.0') ? tagRows : untaggedRows)])(
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
  'a stored %s that never had entries is read under "verify", and rejected under "require"',
  async (name) => {
    const stored = await written(kinds[name]);

    const verified = await outcomeOf(kindsWith('verify')[name], stored);
    const required = await outcomeOf(kindsWith('require')[name], stored);

    expect([verified.code, verified.released.equals(kinds[name].plaintext)]).toEqual(['none', true]);
    expect([required.code, required.released.length]).toEqual([MISSING, 0]);
  },
);

const boundTo = (name: KindName, context?: string): Kind =>
  kindsWith('verify', context === undefined ? {} : { context: () => context })[name];

describe.each(names)('a stored %s that is bound to a context', (name) => {
  it.each([
    ['tenant-7', 'tenant-7', 'none'],
    ['tenant-7', 'tenant-8', 'CONTEXT_MISMATCH'],
    ['tenant-7', undefined, 'CONTEXT_MISMATCH'],
    [undefined, 'tenant-7', 'CONTEXT_MISMATCH'],
  ])('is written in %s, and read in %s only if they match', async (writtenIn, readIn, expected) => {
    const { code, released } = await outcomeOf(boundTo(name, readIn), await written(boundTo(name, writtenIn)));

    const opened = expected === 'none' ? boundTo(name).plaintext : Buffer.alloc(0);
    expect([code, released.equals(opened)]).toEqual([expected, true]);
  });

  it('reports that the context differs only if its entries are valid', async () => {
    const changed = text(/;x=./, ';x=_')(await written(boundTo(name, 'tenant-7')), await written(boundTo(name)));

    expect((await outcomeOf(boundTo(name, 'tenant-8'), changed)).code).toBe(FAILED);
  });
});

/** Outcomes of reading the last byte, for each value of the byte that determines its padding. */
async function outcomesOfGuesses(
  { policy, form, plaintext }: Kind,
  { text: data, sealed }: Stored,
): Promise<Set<string>> {
  const target = { kind: 'blob', account: 'a', container: 'c', blob: 'b' } as const;
  const outcomes = new Set<string>();
  for (let guess = 0; guess < 256; guess += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(guess, sealed.length - 17);
    try {
      const opener = await openEnvelope(policy, parseEncryptionData(data), {
        ...{ target, form },
        storedLength: sealed.length,
      });
      const window = opener.layout.window({ offset: plaintext.length - 1, count: 1 }, sealed.length);
      const part = changed.subarray(window.offset, window.offset + window.count);
      outcomes.add(`${runAll(opener.open(window), part).length} byte`);
    } catch (error) {
      outcomes.add((error as { code: string }).code);
    }
  }
  return outcomes;
}

it('ranges of 1.0 reveal nothing about the padding, unlike ranges without entries', async () => {
  const [bound, unbound] = [kindsWith('verify')['blob 1.0'], kinds['blob 1.0']];

  expect(await outcomesOfGuesses(bound, await written(bound))).toEqual(new Set(['1 byte']));
  expect(await outcomesOfGuesses(unbound, await written(unbound))).toContain(FAILED);
});

/** At least what the format detects. Nothing of 1.0 is released, and of 2.x no more than verified regions. */
function expectSeen({ code, released }: Outcome, kind: Kind, cell: Exclude<Cell, '-' | 'same'>): void {
  const [expected, most] = typeof cell === 'string' ? [cell, 0] : cell;
  expect([FAILED, ORDER, expected]).toContain(code);
  expect(released.length).toBeLessThanOrEqual(kind.policy.protocol === '1.0' ? 0 : most);
  expect(released.equals(kind.plaintext.subarray(0, released.length))).toBe(true);
}
