/** Reads the rows of a CSV file of an inventory, one by one, so that memory does not grow with the file. */
import type { Readable } from 'node:stream';
import type * as CsvParse from 'csv-parse';
import { InvalidOptionsError } from '../../errors/input.js';
import type { InventoryCells } from './inventory-row.js';

/** Maximum number of bytes of a row. Names and metadata have at most 10 KiB. */
const MOST_IN_ROW = 256 * 1024;

interface InventoryFile {
  readonly path: string;
  readonly content: Readable;
  /** The required columns that are not among these, in lower case. */
  readonly missing: (columns: ReadonlySet<string>) => readonly string[];
}

/** Throws `INVALID_OPTIONS` for a file that is not in the form that the service writes, or ends in the middle of a row. */
export async function* inventoryRows({ path, content, missing }: InventoryFile): AsyncGenerator<InventoryCells> {
  const { CsvError, parse } = await csvParser();
  const found: { header: boolean } = { header: false };
  const parser = parse({
    bom: true,
    max_record_size: MOST_IN_ROW,
    columns: (header: readonly string[]) => {
      found.header = true;
      return columnsOf(path, header, missing);
    },
  });
  content.once('error', (error) => parser.destroy(error));
  content.pipe(parser);
  try {
    yield* parser as AsyncIterable<InventoryCells>;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // its message may quote a cell
    throw new InvalidOptionsError([`${path} is damaged, or is not CSV as the service writes it: ${error.code}`]);
  } finally {
    content.destroy();
  }
  if (!found.header)
    throw new InvalidOptionsError([`${path} is empty: even an inventory without blobs names its columns`]);
}

function columnsOf(path: string, header: readonly string[], missing: InventoryFile['missing']): string[] {
  const columns = header.map((name) => name.trim().toLowerCase());
  const lacking = missing(new Set(columns));
  if (lacking.length > 0) throw new InvalidOptionsError([`${path} has no column ${lacking.join(', ')}`]);
  if (new Set(columns).size < columns.length) throw new InvalidOptionsError([`${path} has a column twice`]);
  return columns;
}

function csvParser(): Promise<typeof CsvParse> {
  return import('csv-parse').catch(() => {
    throw new InvalidOptionsError(['an inventory needs the package csv-parse: npm install csv-parse']);
  });
}
