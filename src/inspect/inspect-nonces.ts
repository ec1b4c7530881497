/** Reads nonces of regions: 12 bytes each, by separate requests, as a sample unless all of them are requested. */
import type { BlockBlobClient } from '@azure/storage-blob';
import type { RegionPlan } from '../protocol/protocol.js';
import { boundedMap } from '../streams/bounded-map.js';
import type { Anomaly, Facts } from './report.js';

/** The number of nonces to read: the first, the last, and evenly spaced ones between them. */
export type NonceChoice = number | 'all';

export interface StoredContent {
  readonly client: BlockBlobClient;
  readonly etag: string | undefined;
  readonly length: number;
}

const CONCURRENCY = 8;
/** If all nonces are wanted, regions shorter than this number of bytes are read through, because a request costs more. */
const READ_THROUGH_LENGTH = 64 * 1024;
/** Number of odd regions that are listed one by one. */
const MOST_LISTED = 10;

export async function inspectNonces(
  content: StoredContent,
  plan: RegionPlan | undefined,
  choice: NonceChoice,
): Promise<{ readonly facts: Facts; readonly anomalies: readonly Anomaly[] }> {
  if (plan === undefined) return { facts: {}, anomalies: [] };
  const count = plan.count(content.length);
  const tally = new NonceTally(plan);
  await readNonces(content, plan, { choice, tally });
  const { read, odd, oddRegions } = tally;
  const isRandom = count === 1 && oddRegions > 0 && tally.mayStandAlone;
  const common = isRandom ? ['random'] : tally.common;
  const inOrder = common.length > 0 || read === 0;
  return {
    facts: { regions: count, noncesRead: read, nonceCount: common.join(' or ') || undefined, inOrder },
    anomalies: inOrder ? [] : [oddRegions > 0 ? foreign(odd, oddRegions) : MIXED],
  };
}

/** What is known about the nonces that were read. Its size does not grow with their number, which stored data determines. */
class NonceTally {
  read = 0;
  /** Number of regions whose nonce no known writer uses, and the first of them. */
  oddRegions = 0;
  readonly odd: number[] = [];
  /** Whether the last nonce may be that of content with a single region. */
  mayStandAlone = false;
  private ways: readonly string[] | undefined;

  constructor(private readonly plan: RegionPlan) {}

  /** The nonce schemes that fit all of them. */
  get common(): readonly string[] {
    return this.ways ?? [];
  }

  /** Content that was cut may end within a nonce; its length shows that. */
  add(region: number, nonce: Buffer): void {
    if (nonce.length !== this.plan.nonceLength) return;
    const ways = this.plan.waysOf(region, nonce);
    this.read += 1;
    this.ways = this.ways?.filter((way) => ways.includes(way)) ?? ways;
    this.mayStandAlone = this.plan.mayStandAlone(nonce);
    if (ways.length > 0) return;
    this.oddRegions += 1;
    if (this.odd.length < MOST_LISTED) this.odd.push(region);
  }
}

const MIXED: Anomaly = {
  code: 'NONCES_MIXED',
  text: 'the nonces use different schemes: regions of several contents were combined',
};

const foreign = (listed: readonly number[], count: number): Anomaly => ({
  code: 'NONCE_FOREIGN',
  text: `no known writer uses such a nonce for region ${listed.join(', ')}${
    count > listed.length ? ` and ${count - listed.length} more` : ''
  }: regions were moved or left out, or an old writer used random nonces`,
});

function sample(count: number, choice: NonceChoice): readonly number[] {
  const wanted = choice === 'all' ? count : Math.min(count, choice);
  if (wanted <= 1) return count === 0 ? [] : [0];
  return Array.from({ length: wanted }, (_item, index) => Math.round((index * (count - 1)) / (wanted - 1)));
}

interface NonceReading {
  readonly choice: NonceChoice;
  readonly tally: NonceTally;
}

async function readNonces(content: StoredContent, plan: RegionPlan, { choice, tally }: NonceReading): Promise<void> {
  const count = plan.count(content.length);
  const isWhole = choice === 'all' || choice >= count;
  if (isWhole && plan.offsetOf(1) < READ_THROUGH_LENGTH) return readThrough(content, plan, tally);
  const regions = sample(count, choice);
  const nonces = await boundedMap(regions, CONCURRENCY, async (region) => {
    const offset = plan.offsetOf(region);
    const length = Math.min(plan.nonceLength, content.length - offset);
    return content.client.downloadToBuffer(offset, length, { conditions: { ifMatch: content.etag } });
  });
  nonces.forEach((nonce, index) => {
    tally.add(regions[index] as number, nonce);
  });
}

/** Reads the whole content once, in constant memory. */
async function readThrough({ client, etag }: StoredContent, plan: RegionPlan, tally: NonceTally): Promise<void> {
  const { readableStreamBody } = await client.download(0, undefined, { conditions: { ifMatch: etag } });
  let [position, region] = [0, 0];
  let nonce = Buffer.alloc(0);
  for await (const given of readableStreamBody ?? []) {
    const chunk = given as Buffer;
    for (;;) {
      const at = plan.offsetOf(region) + nonce.length - position;
      if (at >= chunk.length) break;
      nonce = Buffer.concat([nonce, chunk.subarray(at, at + plan.nonceLength - nonce.length)]);
      if (nonce.length < plan.nonceLength) break;
      tally.add(region, nonce);
      region += 1;
      nonce = Buffer.alloc(0);
    }
    position += chunk.length;
  }
}
