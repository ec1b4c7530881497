/** Finds the names of properties in a filter, and ignores operators, functions and the content of literals. */

/** A number ends with its digits and its suffix. Services read `1and` as a number and an operator. */
const TOKEN =
  /'(?:[^']|'')*'?|0x[\da-f]*|\d+(?:\.\d*)?(?:e[+-]?\d+)?(?:[lfdm](?![\p{L}\p{N}]))?|[\p{L}\p{N}\p{M}\p{Pc}.@]+|[(),]/giu;
const NUMBER = /^\d/;
const CONSTANTS = new Set(['true', 'false', 'null']);

/** A literal such as `guid'...'`, or the name of a function. */
const isPrefix = (next: string | undefined): boolean => next === "'" || next === '(';

/** Operands and operators alternate, so a property may have the name of an operator. */
export function namesInFilter(filter: string): readonly string[] {
  const names: string[] = [];
  let wantsOperand = true;
  for (const { 0: token, index } of filter.matchAll(TOKEN)) {
    const following = filter[index + token.length];
    if (token === '(' || token === ',' || (wantsOperand && (token === 'not' || isPrefix(following))))
      wantsOperand = true;
    else if (token === ')') wantsOperand = false;
    else if (!wantsOperand) wantsOperand = true;
    else {
      if (!isConstant(token)) names.push(token);
      wantsOperand = false;
    }
  }
  return names;
}

const isConstant = (token: string): boolean => token.startsWith("'") || NUMBER.test(token) || CONSTANTS.has(token);
