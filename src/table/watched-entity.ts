/** An entity that remembers which of its properties a condition looks at. */
import { isSystemProperty } from './entity-size.js';

/** What was looked at. */
export interface Looks {
  /** Names of properties, there or not; keys and what the class itself has are not among them. */
  readonly names: ReadonlySet<string>;
  /** Whether all names were asked for, and so also those that are not there. */
  readonly isOverall: boolean;
}

const KEYS = new Set(['partitionKey', 'rowKey']);

export class WatchedEntity implements Looks {
  readonly names = new Set<string>();
  isOverall = false;
  /** For a condition: accessors and methods of the class see the same one. */
  readonly entity: object;

  constructor(entity: object) {
    this.entity = new Proxy(entity, {
      get: (target, name, receiver): unknown => {
        this.look(target, name);
        return Reflect.get(target, name, receiver);
      },
      has: (target, name) => {
        this.look(target, name);
        return Reflect.has(target, name);
      },
      getOwnPropertyDescriptor: (target, name) => {
        this.look(target, name);
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
      ownKeys: (target) => {
        this.isOverall = true;
        for (const name of Object.keys(target)) this.look(target, name);
        return Reflect.ownKeys(target);
      },
    });
  }

  private look(target: object, name: string | symbol): void {
    if (typeof name === 'symbol' || KEYS.has(name) || isSystemProperty(name)) return;
    const isOfClass = !Object.hasOwn(target, name) && name in target;
    if (!isOfClass) this.names.add(name);
  }
}
