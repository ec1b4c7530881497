/** A filter as a tree: comparisons of columns with literals, searches of sealed properties, and how they are combined. */

export const COMPARISONS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;

/** How a value is compared: equal, not equal, greater, greater or equal, less, less or equal. */
export type FilterComparison = (typeof COMPARISONS)[number];

/** A column as the service names it, and a literal in the service's syntax. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly column: string;
  readonly operator: FilterComparison;
  readonly literal: string;
  /** The value that the literal represents. */
  readonly value: unknown;
}

/** A sealed property that has one of these values. It becomes a condition on its tags when the query is made. */
export interface SealedSearch {
  readonly kind: 'search';
  readonly property: string;
  readonly values: readonly unknown[];
}

interface Junction<Search> {
  readonly kind: 'and' | 'or';
  readonly parts: readonly Condition<Search>[];
}

interface Negation<Search> {
  readonly kind: 'not';
  readonly part: Condition<Search>;
}

/** Immutable, so that conditions may share parts. */
export type Condition<Search = SealedSearch> = Comparison | Search | Junction<Search> | Negation<Search>;

/** A column has the value that the literal represents. */
export const equal = (column: string, literal: string, value: unknown): Comparison => ({
  kind: 'comparison',
  column,
  operator: 'eq',
  literal,
  value,
});

/** Combines conditions. Conditions that are already combined in the same way become one list, which needs no parentheses. */
export function join(kind: 'and' | 'or', ...conditions: readonly Condition[]): Condition {
  const [first, ...others] = conditions;
  if (first !== undefined && others.length === 0) return first;
  return { kind, parts: conditions.flatMap((part) => (part.kind === kind ? part.parts : [part])) };
}

/** The OData text of a condition. A search has no text before its tags are known, because its values are secret. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'comparison') return `${condition.column} ${condition.operator} ${condition.literal}`;
  if (condition.kind === 'search') return `${condition.property} eq ?`;
  if (condition.kind === 'not') return `not (${conditionText(condition.part)})`;
  const texts = condition.parts.map((part) =>
    part.kind === 'comparison' || part.kind === 'search' ? conditionText(part) : `(${conditionText(part)})`,
  );
  return texts.join(` ${condition.kind} `);
}

type AnyCondition<Search> = Condition<Search & SealedSearch>;

/** The comparisons of a condition, in order. */
export function comparisonsIn<Search>(condition: AnyCondition<Search>): readonly Comparison[] {
  return condition.kind === 'comparison' ? [condition] : partsOf(condition).flatMap(comparisonsIn);
}

/** The columns that a condition compares, once for each comparison. */
export const columnsIn = (condition: Condition): readonly string[] =>
  comparisonsIn(condition).map(({ column }) => column);

/** The searches of a condition, in order. */
export function searchesIn<Search>(condition: AnyCondition<Search>): readonly (Search & SealedSearch)[] {
  return condition.kind === 'search' ? [condition] : partsOf(condition).flatMap((part) => searchesIn<Search>(part));
}

function partsOf<Search>(condition: AnyCondition<Search>): readonly AnyCondition<Search>[] {
  if (condition.kind === 'not') return [condition.part];
  return condition.kind === 'and' || condition.kind === 'or' ? condition.parts : [];
}
