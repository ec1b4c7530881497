import type { TableClient } from '@azure/data-tables';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import type {
  BlindSpot,
  Maintained,
  MaintainedPage,
  Step,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { type ObjectResult, SAME } from '../../envelope/maintenance/outcome.js';
import { type MaintenanceTask, without } from '../../envelope/maintenance/task.js';
import { type ListedRow, listedRows } from './listed-row.js';
import { reencryptRow } from './reencrypt-row.js';
import { rewrapRows } from './rewrap-rows.js';

/** The table, and how its rows are encrypted. */
export interface RowsAccess {
  readonly table: TableClient;
  readonly policy: EncryptionPolicy;
  /** The class that says which properties are encrypted; rows are rewrapped without it. */
  readonly entityClass: EntityClass | null;
}

/** Rows in one transaction; the service's limit. */
const STEP_SIZE = 100;
/** Characters of encryption data in a transaction, of which the service takes 4 MiB with all that is around them. */
const STEP_LENGTH = 20 * 1024;

/** Rows of a table, for maintenance. */
export class MaintainedRows implements Maintained<ListedRow> {
  readonly kind = 'rows';
  readonly isDivisible = true;
  readonly stepSize = STEP_SIZE;
  readonly #distinctKeys = new Set<string>();

  constructor(private readonly access: RowsAccess) {}

  get name(): string {
    return this.access.table.tableName;
  }

  pages(options: WalkOptions): AsyncGenerator<MaintainedPage<ListedRow>> {
    return listedRows(this.access.table, options);
  }

  taskFor(task: MaintenanceTask): MaintenanceTask {
    return without(task, 'protocols');
  }

  /** In one transaction: rows of one partition, and none whose encryption data is so long that a hundred would not fit. */
  belongTogether(one: ListedRow, other: ListedRow): boolean {
    const isShort = ({ text = '' }: ListedRow): boolean => text.length <= STEP_LENGTH;
    return one.partitionKey === other.partitionKey && isShort(one) && isShort(other);
  }

  async act(rows: readonly ListedRow[], step: Step): Promise<readonly ObjectResult[]> {
    const { task } = step;
    const { table, policy } = this.access;
    if (task.do === 'rewrap') {
      return rewrapRows(rows, { table, policy, step, retire: task.retire, distinctKeys: this.#distinctKeys });
    }
    if (task.do !== 'reencrypt') return rows.map(() => SAME);
    const results: ObjectResult[] = [];
    for (const row of rows) results.push(await reencryptRow(row, { ...this.access, step }));
    return results;
  }

  blindSpots(): readonly BlindSpot[] {
    return [];
  }
}
