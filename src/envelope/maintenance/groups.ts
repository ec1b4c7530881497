import type { Maintained, MaintainedObject, StepGroup } from './maintained.js';

/** Groups of objects in order, each as large as one step allows. */
export function groupsOf(objects: readonly MaintainedObject[], source: Pick<Maintained, 'belongsTo'>): StepGroup[] {
  const groups: [MaintainedObject, ...MaintainedObject[]][] = [];
  for (const object of objects) {
    const group = groups.at(-1);
    if (group !== undefined && source.belongsTo?.(group, object) === true) group.push(object);
    else groups.push([object]);
  }
  return groups;
}
