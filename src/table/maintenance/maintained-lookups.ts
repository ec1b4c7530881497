/**
 * The entries of a lookup table as a source for maintenance. `reindex` removes those whose row does not have the tag. A writer
 * may be about to write that row, so an entry must be an hour old by the service's own clock. Entries do not name the class of
 * their row, so all classes of a table are treated alike.
 */
import type { TableClient } from '@azure/data-tables';
import type {
  Maintained,
  MaintainedObject,
  MaintainedPage,
  Step,
  StepGroup,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, ownResult, SAME } from '../../envelope/maintenance/outcome.js';
import { hasTags, type MaintenanceTask } from '../../envelope/maintenance/task.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { EntityKeys, Row, TableAccess } from '../entity-context.js';
import { accountOf } from '../account.js';
import { type LookupEntry, shapedEntryIn } from '../lookup/lookup-entry.js';
import { LookupTable } from '../lookup/lookup-table.js';
import { KEY_COLUMNS } from '../reserved-names.js';
import { storedPages } from '../service-answer.js';
import { nameOfRow } from './listed-row.js';

interface ListedEntry extends MaintainedObject {
  /** `null` for a row that is not an entry, which stays. */
  readonly entry: LookupEntry | null;
}

/** Number of entries in a page; the service's maximum. */
const PAGE_SIZE = 1000;

export class MaintainedLookups implements Maintained<ListedEntry> {
  readonly kind = 'rows';
  readonly isDivisible = true;
  readonly #rows: TableClient;
  readonly #entries: TableClient;

  constructor({ table, lookupTable }: Pick<TableAccess, 'table' | 'lookupTable'>) {
    if (lookupTable === undefined) throw new InvalidOptionsError([`table "${table.tableName}" has no lookup table`]);
    this.#rows = table;
    this.#entries = lookupTable;
  }

  get name(): string {
    return this.#entries.tableName;
  }

  get account(): string {
    return accountOf(this.#entries.url);
  }

  async *pages({ from, namesOnly = false, abortSignal }: WalkOptions): AsyncGenerator<MaintainedPage<ListedEntry>> {
    const queryOptions = { select: namesOnly ? KEY_COLUMNS : [...KEY_COLUMNS, 'pk', 'rk'] };
    const settings = { maxPageSize: PAGE_SIZE, continuationToken: from };
    const options = { queryOptions, disableTypeConversion: true, abortSignal };
    for await (const page of storedPages(this.#entries, options, settings)) {
      const { continuationToken: next } = page;
      const objects = page.map((row) => this.#listed(row as Row & EntityKeys));
      yield { objects, next: next === '' ? undefined : next };
    }
  }

  #listed(row: Row & EntityKeys): ListedEntry {
    return { entry: shapedEntryIn(row), name: nameOfRow(row), place: 'row', state: { kind: 'lookup' } };
  }

  taskFor(task: MaintenanceTask): MaintenanceTask {
    return task;
  }

  async act([entry]: StepGroup<ListedEntry>, step: Step): Promise<readonly ObjectResult[]> {
    return [hasTags(step.task) ? await this.#swept(entry, step) : SAME];
  }

  async #swept({ entry }: ListedEntry, step: Step): Promise<ObjectResult> {
    if (entry === null) return SAME;
    const { abortSignal } = step;
    const lookups = new LookupTable(
      { rows: this.#rows, entries: this.#entries, olderTags: new Map() },
      { abortSignal },
    );
    try {
      await step.beforeRequest();
      if ((await lookups.tagOf(entry)) === entry.tag) return SAME;
      await step.beforeRequest();
      const settled = await lookups.findSettled(entry);
      if (step.task.do === 'census' || settled === null) return { ...SAME, tags: 'leftover' };
      if (!step.dryRun) await lookups.remove(settled);
      return { ...DONE, tags: 'leftover' };
    } catch (error) {
      return ownResult(error);
    }
  }
}
