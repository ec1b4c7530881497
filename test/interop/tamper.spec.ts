/**
 * The tamper matrix for the formats by themselves: a failed read gives nothing out but regions of 2.x that were verified before;
 * 1.0 cannot see most changes of its ciphertext, and its cells say so.
 */
import {
  type Cell,
  type Code,
  FAILED,
  type Kind,
  type KindName,
  kinds,
  names,
  type Outcome,
  outcomeOf,
  plaintext,
  rows,
  written,
} from '../support/tamper-matrix.js';

describe.each(names)('a stored %s without integrity entries', (name) => {
  const kind: Kind = kinds[name];
  const column = names.indexOf(name);

  it('opens as it was written', async () => {
    const { code, released } = await outcomeOf(kind, await written(kind));

    expect([code, released.equals(plaintext)]).toEqual(['none', true]);
  });

  it.each(rows.filter(([, , cells]) => cells[column] !== '-'))('with %s', async (_what, change, cells) => {
    const cell = cells[column] as Exclude<Cell, '-'>;
    const before = await written(kind);
    const after = change(before, await written(kind));
    expect(after.text === before.text && after.sealed.equals(before.sealed)).toBe(false);

    const { code, released } = await outcomeOf(kind, after);

    if (cell === 'same') expect([code, released.equals(plaintext)]).toEqual(['none', true]);
    else if (cell === 'unseen' || cell === 'noise') expectUnseen({ code, released }, cell);
    else expectRefused({ code, released }, typeof cell === 'string' ? [cell, 0] : cell, name);
  });
});

function expectUnseen({ code, released }: Outcome, cell: 'unseen' | 'noise'): void {
  expect(cell === 'noise' ? ['none', FAILED] : ['none']).toContain(code);
  expect(released.equals(plaintext)).toBe(false);
}

function expectRefused({ code, released }: Outcome, [expected, most]: readonly [Code, number], name: KindName): void {
  expect(code).toBe(expected);
  expect(released.length).toBe(most);
  if (!name.endsWith('1.0')) expect(released.equals(plaintext.subarray(0, most))).toBe(true);
}
