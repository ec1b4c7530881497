import type {
  Maintained,
  MaintainedPage,
  Precheck,
  Step,
  StepGroup,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { pacedPolicy } from '../../envelope/maintenance/paced-keys.js';
import { type ObjectResult, SAME } from '../../envelope/maintenance/outcome.js';
import { hasTags, type MaintenanceTask, without, withoutTags } from '../../envelope/maintenance/task.js';
import { uncheckedWraps } from '../../envelope/maintenance/unchecked-wraps.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { accountOf } from '../account.js';
import type { Row } from '../entity-context.js';
import { assertLookupTable } from '../entity-class.js';
import { entityModel } from '../entity-model.js';
import { TimeSlice } from '../../streams/time-slice.js';
import type { RowsAccess } from './changed-row.js';
import { type ListedRow, listedRows } from './listed-row.js';
import { reencryptRow } from './reencrypt-row.js';
import { reindexRow } from './reindex-row.js';
import { type RewrapRows, rewrapRows } from './rewrap-rows.js';
import { UnseenProperties } from './unseen-properties.js';

interface VariantAccess extends RowsAccess {
  /** The properties of a class that was made for the job, separated by commas. */
  readonly variant?: string | undefined;
}

/** Maximum number of rows in a transaction; the service's limit. */
const STEP_SIZE = 100;
/** Maximum number of characters of encryption data in a transaction. The service limits the whole request to 4 MiB. */
const STEP_LENGTH = 20 * 1024;

export class MaintainedRows implements Maintained<ListedRow> {
  readonly kind = 'rows';
  readonly isDivisible = true;
  /** Neither logs nor JSON show what is in it: clients would show the account key. */
  readonly #access: VariantAccess;
  readonly #shared: Pick<RewrapRows, 'account' | 'distinctKeys' | 'slice'>;
  /** Not for a class of the application, which may have properties that no row has. */
  readonly #unseen: UnseenProperties | undefined;
  /** Whether the last walk has reached the last page. */
  #isAtEnd = false;

  constructor(access: VariantAccess) {
    this.#access = access;
    this.#shared = { account: accountOf(access.table.url), distinctKeys: new Set(), slice: new TimeSlice() };
    const { entityClass, lookupTable, variant } = access;
    if (entityClass !== null) assertLookupTable(entityClass, lookupTable);
    this.#unseen = variant === undefined ? undefined : new UnseenProperties(variant.split(','));
  }

  get name(): string {
    return this.#access.table.tableName;
  }

  get variant(): string | undefined {
    return this.#access.variant;
  }

  get account(): string {
    return this.#shared.account;
  }

  async *pages(options: WalkOptions): AsyncGenerator<MaintainedPage<ListedRow>> {
    for await (const page of listedRows(this.#access.table, options)) {
      this.#isAtEnd = page.next === undefined;
      yield page;
    }
  }

  warnings(): readonly string[] {
    return this.#isAtEnd ? (this.#unseen?.warnings(this.name) ?? []) : [];
  }

  taskFor(task: MaintenanceTask): MaintenanceTask {
    const isSearchable = this.#isSearchable();
    if (task.do === 'reindex' && !isSearchable)
      throw new InvalidOptionsError([
        `reindex of table "${this.name}" needs its entity class, with searchable properties`,
      ]);
    return without(isSearchable ? task : withoutTags(task), 'protocols', 'foreign');
  }

  #isSearchable(): boolean {
    const { entityClass } = this.#access;
    if (entityClass === null) return false;
    const { searchable, unsearchable } = entityModel(entityClass);
    return searchable.size + unsearchable.size > 0;
  }

  async precheck(task: MaintenanceTask): Promise<Precheck> {
    return { refusals: [], warnings: uncheckedWraps(this.#access.policy, task) };
  }

  /** Rows share a transaction if they are in one partition and their encryption data is short enough for a hundred to fit. */
  belongsTo(group: StepGroup<ListedRow>, row: ListedRow): boolean {
    const isShort = ({ text = '' }: ListedRow): boolean => text.length <= STEP_LENGTH;
    const [first] = group;
    return group.length < STEP_SIZE && first.partitionKey === row.partitionKey && isShort(first) && isShort(row);
  }

  async act(rows: StepGroup<ListedRow>, step: Step): Promise<readonly ObjectResult[]> {
    const { task } = step;
    const { table } = this.#access;
    const policy = pacedPolicy(this.#access.policy, step);
    if (task.do === 'rewrap') return rewrapRows(rows, { ...task, table, policy, step, ...this.#shared });
    const change = hasTags(task) ? reindexRow : reencryptRow;
    if (task.do === 'census' && !hasTags(task)) return rows.map(() => SAME);
    const results: ObjectResult[] = [];
    const onPlaintext = (plain: Row): void => this.#unseen?.note(plain);
    for (const row of rows) results.push(await change(row, { ...this.#access, policy, step, onPlaintext }));
    return results;
  }
}
