/**
 * The tamper matrix for the formats by themselves: a failed read releases nothing except verified regions of 2.x;
 * 1.0 cannot detect most changes of its ciphertext, and its cells show that.
 */
import {
  type Code,
  FAILED,
  type Kind,
  kinds,
  names,
  type Outcome,
  outcomeOf,
  rowsOf,
  written,
} from '../support/tamper-matrix.js';

describe.each(names)('a stored %s without integrity entries', (name) => {
  const kind: Kind = kinds[name];
  const { plaintext } = kind;

  it('opens to what was written', async () => {
    const { code, released } = await outcomeOf(kind, await written(kind));

    expect([code, released.equals(plaintext)]).toEqual(['none', true]);
  });

  it.each(rowsOf(name))('with %s', async (_what, change, cell) => {
    const before = await written(kind);
    const after = change(before, await written(kind));
    expect(after.text === before.text && after.sealed.equals(before.sealed)).toBe(false);

    const { code, released } = await outcomeOf(kind, after);

    if (cell === 'same') expect([code, released.equals(plaintext)]).toEqual(['none', true]);
    else if (cell === 'unseen' || cell === 'noise') expectUnseen({ code, released }, kind, cell);
    else expectRefused({ code, released }, kind, typeof cell === 'string' ? [cell, 0] : cell);
  });
});

function expectUnseen({ code, released }: Outcome, { plaintext }: Kind, cell: 'unseen' | 'noise'): void {
  expect(cell === 'noise' ? ['none', FAILED] : ['none']).toContain(code);
  expect(released.equals(plaintext)).toBe(false);
}

function expectRefused({ code, released }: Outcome, kind: Kind, [expected, most]: readonly [Code, number]): void {
  expect(code).toBe(expected);
  expect(released.length).toBe(most);
  if (kind.policy.protocol !== '1.0') expect(released.equals(kind.plaintext.subarray(0, most))).toBe(true);
}
