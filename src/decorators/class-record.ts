/**
 * What a decorator records on a class: an own property of the prototype under a registered symbol, so that subclasses inherit it,
 * base classes do not get it, and both builds of this package find it. A record is never changed, only replaced.
 */
export class ClassRecord<Value> {
  readonly #symbol: symbol;

  /** `nothing` is the record of a prototype without one. */
  constructor(
    name: string,
    private readonly nothing: Value,
  ) {
    this.#symbol = Symbol.for(`nestjs-azure-encrypted-storage/${name}`);
  }

  /** What is recorded at this prototype, without inherited records. */
  at(prototype: object): Value {
    return Object.hasOwn(prototype, this.#symbol)
      ? ((prototype as Record<symbol, Value>)[this.#symbol] as Value)
      : this.nothing;
  }

  replace(prototype: object, value: Value): void {
    Object.defineProperty(prototype, this.#symbol, { value, configurable: true });
  }
}
