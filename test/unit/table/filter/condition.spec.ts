import fc from 'fast-check';
import { columnsIn, type Condition, conditionText, join } from '../../../../src/table/filter/condition.js';

const holds = (column: string): Condition => ({
  kind: 'comparison',
  column,
  operator: 'eq',
  literal: 'true',
  value: true,
});
const not = (part: Condition): Condition => ({ kind: 'not', part });
const [a, b, c] = [holds('a'), holds('b'), holds('c')] as const;

describe('the text of a condition', () => {
  const texts: readonly (readonly [Condition, string])[] = [
    [a, 'a eq true'],
    [not(a), 'not (a eq true)'],
    [not(not(a)), 'not (not (a eq true))'],
    [join('and', a, b), 'a eq true and b eq true'],
    [join('and', join('and', a, b), c), 'a eq true and b eq true and c eq true'],
    [join('or', a, join('or', b, c)), 'a eq true or b eq true or c eq true'],
    [join('and', a, join('or', b, c)), 'a eq true and (b eq true or c eq true)'],
    [join('or', join('and', a, b), c), '(a eq true and b eq true) or c eq true'],
    [join('and', not(a), b), '(not (a eq true)) and b eq true'],
  ];

  it.each(texts)('%j is %s', (condition, text) => {
    expect(conditionText(condition)).toBe(text);
  });

  it('means what the tree means, however deep it is', () => {
    fc.assert(
      fc.property(trees, fc.subarray(COLUMNS), (condition, held) => {
        expect(meaningOf(conditionText(condition), held)).toBe(isMet(condition, held));
      }),
    );
  });
});

describe('the columns in a condition', () => {
  it('are those of every comparison, under brackets and negations too', () => {
    expect(columnsIn(not(join('or', join('and', a, not(b)), c, a)))).toEqual(['a', 'b', 'c', 'a']);
  });
});

describe('joining', () => {
  it('does not change the conditions that it joins', () => {
    const both = join('and', a, b);
    join('and', both, c);
    join('or', both, c);

    expect(both).toEqual({ kind: 'and', parts: [a, b] });
  });
});

const COLUMNS = ['a', 'b', 'c', 'd'];
const trees = fc.letrec<{ tree: Condition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(...COLUMNS).map(holds),
    fc
      .tuple(fc.constantFrom('and', 'or'), tie('tree'), tie('tree'))
      .map(([kind, one, other]) => join(kind, one, other)),
    tie('tree').map(not),
  ),
})).tree;

function isMet(condition: Condition, held: readonly string[]): boolean {
  if (condition.kind === 'comparison') return held.includes(condition.column);
  if (condition.kind === 'search') return false;
  if (condition.kind === 'not') return !isMet(condition.part, held);
  return condition.kind === 'and'
    ? condition.parts.every((part) => isMet(part, held))
    : condition.parts.some((part) => isMet(part, held));
}

/** OData binds as JavaScript does: `not` before `and` before `or`. Brackets are resolved from the inside. */
function meaningOf(text: string, held: readonly string[]): boolean {
  const inner = /\(([^()]*)\)/.exec(text);
  if (inner !== null) return meaningOf(text.replace(inner[0], String(meaningOf(inner[1] ?? '', held))), held);
  return text.split(' or ').some((part) => part.split(' and ').every((one) => meaningOfOne(one, held)));
}

function meaningOfOne(text: string, held: readonly string[]): boolean {
  if (text.startsWith('not ')) return !meaningOfOne(text.slice(4), held);
  return text === 'true' || held.includes(text.replace(' eq true', ''));
}
