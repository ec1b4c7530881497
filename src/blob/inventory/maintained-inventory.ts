/** The account's own inventory of its blobs as a source of a census: no blob is listed, and nothing can be changed. */
import { printable } from '../../encoding/printable.js';
import type {
  BlindSpot,
  Maintained,
  MaintainedObject,
  MaintainedPage,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { type ObjectResult, SAME } from '../../envelope/maintenance/outcome.js';
import { type MaintenanceTask, withoutTags } from '../../envelope/maintenance/task.js';
import { Turns } from '../../envelope/maintenance/turns.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { InventoryFiles } from './inventory-files.js';
import { type InventoryCells, inventoryRow, isOfHierarchy, mayBeKeptBack, RowFault } from './inventory-row.js';
import { inventoryRows } from './inventory-rows.js';
import { leftOut } from './left-out.js';
import { type Manifest, missingColumns } from './manifest.js';

interface Inventory {
  readonly files: InventoryFiles;
  readonly paths: readonly string[];
  /** `null` for files that came without one. */
  readonly manifest: Manifest | null;
  /** What was noticed when it was opened. */
  readonly notes: readonly BlindSpot[];
}

/** Rows of a page. */
const PAGE = 5000;
/** Without a manifest, a file has at least these. */
const UNKNOWN_RULE = { snapshots: false, versions: false, deleted: false };

export class MaintainedInventory implements Maintained {
  readonly kind = 'inventory';
  readonly isDivisible = true;
  /** Neither logs nor JSON show what is in it: a client would show the account key. */
  readonly #inventory: Inventory;
  readonly #turns = new Turns();
  #rows = 0;
  #blobs = 0;
  /** Whether the last walk has read all rows. */
  #isWhole = false;
  #hasDeletedDirectories = false;
  #mayKeepBack = false;
  #isHierarchy = false;

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
  }

  /** Such as `scans-rule of 2026-05-26T13:25:36Z`. */
  get name(): string {
    const { manifest, paths } = this.#inventory;
    return manifest === null ? paths.join(', ') : `${manifest.rule.name} of ${manifest.startedAt}`;
  }

  /** Skips `from` rows. Files cannot be split, so a plan has one shard for them. */
  async *pages({ from = '0', namesOnly = false, abortSignal }: WalkOptions): AsyncGenerator<MaintainedPage> {
    if (namesOnly) return;
    const end = await this.#turns.take(abortSignal);
    try {
      yield* this.#walk(from);
    } finally {
      end();
    }
  }

  async *#walk(from: string): AsyncGenerator<MaintainedPage> {
    [this.#rows, this.#blobs, this.#isWhole] = [0, 0, false];
    [this.#hasDeletedDirectories, this.#mayKeepBack, this.#isHierarchy] = [false, false, false];
    let objects: MaintainedObject[] = [];
    for await (const object of this.#objects()) {
      if (object !== null && this.#rows > Number(from)) objects.push(object);
      if (this.#rows % PAGE !== 0 || this.#rows <= Number(from)) continue;
      yield { objects, next: String(this.#rows) };
      objects = [];
    }
    this.#assertWhole();
    this.#isWhole = true;
    yield { objects };
  }

  /** An item for each row; `null` for a directory. */
  async *#objects(): AsyncGenerator<MaintainedObject | null> {
    const { files, paths, manifest } = this.#inventory;
    const missing = (columns: ReadonlySet<string>) => missingColumns(columns, manifest?.rule ?? UNKNOWN_RULE);
    for (const path of paths) {
      for await (const cells of inventoryRows({ path, content: await files.open(path), missing })) {
        this.#rows += 1;
        yield this.#objectOf(path, cells);
      }
    }
  }

  #objectOf(path: string, cells: InventoryCells): MaintainedObject | null {
    try {
      this.#isHierarchy ||= isOfHierarchy(cells);
      const row = inventoryRow(cells, this.#inventory.manifest?.completedAt ?? null);
      if (row.kind === 'blob') {
        this.#blobs += 1;
        this.#mayKeepBack ||= mayBeKeptBack(cells);
        return row.object;
      }
      this.#hasDeletedDirectories ||= row.isDeleted;
      return null;
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      throw new InvalidOptionsError([`${path}, row ${this.#rows} of the inventory ${error.message}`]);
    }
  }

  #assertWhole(): void {
    const { manifest } = this.#inventory;
    if (manifest === null || this.#rows >= manifest.objectCount) return;
    throw new InvalidOptionsError([
      `inventory ${printable(manifest.rule.name)} has ${this.#rows} rows, and its manifest counts ${manifest.objectCount}: files are cut off`,
    ]);
  }

  taskFor(task: MaintenanceTask): MaintenanceTask {
    return withoutTags(task);
  }

  async act(): Promise<readonly ObjectResult[]> {
    return [SAME];
  }

  blindSpots(): readonly BlindSpot[] {
    const { manifest, notes } = this.#inventory;
    if (manifest === null) {
      const text = `what the inventory in ${this.name} leaves out, and whether it is complete: count it with its manifest`;
      return [...notes, { text, isBlocking: true }, ...this.#ifEmpty()];
    }
    return [
      ...leftOut(manifest, this.#isHierarchy),
      ...notes,
      ...this.#ifEmpty(),
      ...(this.#mayKeepBack
        ? [
            {
              text: 'which blobs without metadata are under a customer-provided key: add the column CustomerProvidedKeySha256 to the rule',
              isBlocking: true,
            },
          ]
        : []),
      ...(this.#hasDeletedDirectories ? [{ text: 'what is in deleted directories', isBlocking: true }] : []),
      ...(this.#rows > manifest.objectCount
        ? [{ text: 'which rows are counted twice: there are more than the manifest counts', isBlocking: false }]
        : []),
    ];
  }

  /** Nobody takes an inventory of an empty account: more likely it is that of another account, or its rule finds nothing. */
  #ifEmpty(): readonly BlindSpot[] {
    if (!this.#isWhole || this.#blobs > 0) return [];
    return [{ text: `every blob: inventory ${this.name} lists none`, isBlocking: true }];
  }

  warnings(): readonly string[] {
    return [`inventory ${this.name} shows what was stored then: it is not a live listing`];
  }
}
