import type { Maintained, MaintainedObject } from './maintained.js';

/** Groups of objects in order, each as large as one step allows. */
export function groupsOf(
  objects: readonly MaintainedObject[],
  source: Pick<Maintained, 'stepSize' | 'belongTogether'>,
): MaintainedObject[][] {
  const groups: MaintainedObject[][] = [];
  for (const object of objects) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    const fits = group !== undefined && first !== undefined && group.length < source.stepSize;
    if (fits && source.belongTogether(first, object)) group.push(object);
    else groups.push([object]);
  }
  return groups;
}
