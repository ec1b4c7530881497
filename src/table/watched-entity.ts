/** An entity that records which of its properties a condition reads. */
import { isSystemProperty } from './reserved-names.js';

/** What a condition read. */
export interface Looks {
  /** Names of properties, existing or not, without the keys and the members of the class itself. */
  readonly names: ReadonlySet<string>;
  /** Whether all names were enumerated, which also reveals those that do not exist. */
  readonly isOverall: boolean;
}

export class WatchedEntity implements Looks {
  readonly names = new Set<string>();
  isOverall = false;
  /** Pass this to a condition. Accessors and methods of the class see the same object. */
  readonly entity: object;

  /** `isKey` knows the names of the keys in the class. */
  constructor(
    entity: object,
    private readonly isKey: (name: string) => boolean,
  ) {
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
    if (typeof name === 'symbol' || this.isKey(name) || isSystemProperty(name)) return;
    const isOfClass = !Object.hasOwn(target, name) && name in target;
    if (!isOfClass) this.names.add(name);
  }
}
