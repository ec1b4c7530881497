/**
 * The rows that the entries of a search name, page by page: a page of entries, then each of their rows. A continuation token has
 * the number of the tag and the service's token for its entries, as base64 of a JSON list.
 */
import type { ListTableEntitiesOptions, TableClient, TableEntityResultPage } from '@azure/data-tables';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { boundedMap } from '../../streams/bounded-map.js';
import type { EntityKeys, Row } from '../entity-context.js';
import type { EntityQuery } from '../entity-query.js';
import { conditionText } from '../filter/condition.js';
import { odataLiteral } from '../filter/odata-literal.js';
import { type PageSettings, storedPages } from '../service-answer.js';
import { entryIn, partitionOf } from './lookup-entry.js';

/** Entries in a page, and so requests for rows. */
const PAGE_SIZE = 100;
const CONCURRENCY = 16;

interface LookupListing {
  readonly plan: NonNullable<EntityQuery['lookup']>;
  readonly rows: TableClient;
  readonly entries: TableClient;
  readonly entityClass: EntityClass;
  /** For reading rows. */
  readonly options: ListTableEntitiesOptions;
}

export async function* lookupPages(
  listing: LookupListing,
  settings: PageSettings,
): AsyncGenerator<TableEntityResultPage<Row>> {
  const { tags } = listing.plan;
  const start = parseToken(settings?.continuationToken);
  for (let at = start.at; at < tags.length; at += 1) {
    const from = at === start.at ? start.from : undefined;
    const size = { maxPageSize: settings?.maxPageSize ?? PAGE_SIZE };
    const pages = entryPages(listing, at, from === undefined ? size : { ...size, continuationToken: from });
    for await (const { owners, next } of pages) {
      const rows = await boundedMap(owners, CONCURRENCY, (owner) => rowsOf(owner, tags[at] ?? '', listing));
      yield Object.assign(rows.flat(), {
        continuationToken: tokenAfter(at, next, tags.length),
      }) as TableEntityResultPage<Row>;
    }
  }
}

interface EntryPage {
  readonly owners: readonly EntityKeys[];
  readonly next: string | undefined;
}

async function* entryPages(
  { plan: { property, tags }, entries, entityClass, options }: LookupListing,
  at: number,
  settings: PageSettings,
): AsyncGenerator<EntryPage> {
  const { abortSignal, tracingOptions } = options;
  const filter = `PartitionKey eq ${odataLiteral('PartitionKey', partitionOf({ property, tag: tags[at] ?? '' }))}`;
  const asking = { abortSignal, tracingOptions, queryOptions: { filter }, disableTypeConversion: true };
  for await (const page of storedPages(entries, asking, settings)) {
    const owners = page.flatMap((stored) => entryIn(stored as Row & EntityKeys, entityClass)?.owner ?? []);
    const { continuationToken } = page;
    yield { owners, next: continuationToken === '' ? undefined : continuationToken };
  }
}

/** One row or none: the keys are compared too. */
async function rowsOf(owner: EntityKeys, tag: string, { plan, rows, options }: LookupListing): Promise<Row[]> {
  const { filter } = plan;
  const text = conditionText(plan.conditionFor(tag, owner));
  const queryOptions = { ...options.queryOptions, filter: filter === undefined ? text : `(${filter}) and (${text})` };
  const found: Row[] = [];
  for await (const page of storedPages(rows, { ...options, queryOptions }, undefined)) found.push(...page);
  return found;
}

function tokenAfter(at: number, next: string | undefined, count: number): string | undefined {
  if (next === undefined && at + 1 >= count) return undefined;
  const position = next === undefined ? [at + 1] : [at, next];
  return Buffer.from(JSON.stringify(position)).toString('base64');
}

function parseToken(token: string | undefined): { readonly at: number; readonly from: string | undefined } {
  if (token === undefined) return { at: 0, from: undefined };
  try {
    const [at, from] = JSON.parse(Buffer.from(token, 'base64').toString()) as readonly unknown[];
    const isPosition = Number.isInteger(at) && Number(at) >= 0 && (from === undefined || typeof from === 'string');
    if (isPosition) return { at: Number(at), from };
  } catch {
    // not a token of this listing
  }
  throw new InvalidOptionsError(['"continuationToken" is not that of this listing']);
}
