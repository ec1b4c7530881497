import { quoted } from '../../encoding/printable.js';
import type { Row } from '../entity-context.js';
import { storedValue } from '../stored-value.js';

/**
 * Properties to encrypt that no plaintext row has had so far. If a name is misspelt, its rows are encrypted without it, and the property that
 * was meant stays in plaintext.
 */
export class UnseenProperties {
  readonly #unseen: Set<string>;
  #hasRows = false;

  constructor(names: readonly string[]) {
    this.#unseen = new Set(names);
  }

  note(row: Row): void {
    this.#hasRows = true;
    for (const name of this.#unseen) if (storedValue(row[name]) !== undefined) this.#unseen.delete(name);
  }

  /** @param table - its name */
  warnings(table: string): readonly string[] {
    if (!this.#hasRows || this.#unseen.size === 0) return [];
    const names = [...this.#unseen].map(quoted).join(', ');
    return [
      `no plaintext row of table ${table} that this process encrypted had ${names}: if a name is wrong, the property that was meant is in plaintext`,
    ];
  }
}
