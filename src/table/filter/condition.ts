/** A filter as a tree: comparisons of columns with literals, and how they are combined. */

export const COMPARISONS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;

/** How a value is compared: equal, not equal, greater, greater or equal, less, less or equal. */
export type FilterComparison = (typeof COMPARISONS)[number];

/** A column as the service names it, and a literal in the service's syntax. */
interface Comparison {
  readonly kind: 'comparison';
  readonly column: string;
  readonly operator: FilterComparison;
  readonly literal: string;
}

interface Junction {
  readonly kind: 'and' | 'or';
  readonly parts: readonly Condition[];
}

interface Negation {
  readonly kind: 'not';
  readonly part: Condition;
}

/** Immutable, so that conditions may share parts. */
export type Condition = Comparison | Junction | Negation;

/** Combines two conditions. Conditions that are already combined in the same way become one list, which needs no parentheses. */
export function join(kind: Junction['kind'], ...conditions: readonly Condition[]): Condition {
  return { kind, parts: conditions.flatMap((part) => (part.kind === kind ? part.parts : [part])) };
}

/** The OData text of a condition. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'comparison') return `${condition.column} ${condition.operator} ${condition.literal}`;
  if (condition.kind === 'not') return `not (${conditionText(condition.part)})`;
  const texts = condition.parts.map((part) =>
    part.kind === 'comparison' ? conditionText(part) : `(${conditionText(part)})`,
  );
  return texts.join(` ${condition.kind} `);
}

/** The columns that a condition compares, once for each comparison. */
export function columnsIn(condition: Condition): readonly string[] {
  if (condition.kind === 'comparison') return [condition.column];
  return condition.kind === 'not' ? columnsIn(condition.part) : condition.parts.flatMap(columnsIn);
}
