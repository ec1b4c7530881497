/** Nonces of regions: 12 bytes each by a request of its own, a sample unless all are asked for. */
import type { BlockBlobClient } from '@azure/storage-blob';
import type { RegionPlan } from '../protocol/protocol.js';
import { boundedMap } from '../streams/bounded-map.js';
import type { Anomaly, Facts } from './report.js';

/** How many nonces are read: the first, the last, and evenly between. */
export type NonceChoice = number | 'all';

export interface StoredContent {
  readonly client: BlockBlobClient;
  readonly etag: string | undefined;
  readonly length: number;
}

interface ReadNonce {
  readonly region: number;
  readonly nonce: Buffer;
}

/** Requests at once. */
const CONCURRENCY = 8;
/** Regions that are shorter, bytes, are read through where all nonces are wanted: a request costs more than they. */
const READ_THROUGH_LENGTH = 64 * 1024;
/** Numbers of odd regions that are told one by one. */
const MOST_TOLD = 10;

export async function inspectNonces(
  content: StoredContent,
  plan: RegionPlan | undefined,
  choice: NonceChoice,
): Promise<{ readonly facts: Facts; readonly anomalies: readonly Anomaly[] }> {
  if (plan === undefined) return { facts: {}, anomalies: [] };
  const count = plan.count(content.length);
  // content that was cut may end within a nonce: its length says so
  const read = await readNonces(content, plan, sample(count, choice));
  const nonces = read.filter(({ nonce }) => nonce.length === plan.nonceLength);
  const ways = nonces.map(({ region, nonce }) => plan.waysOf(region, nonce));
  const [first = []] = ways;
  const isRandom = count === 1 && first.length === 0 && nonces.some(({ nonce }) => plan.mayStandAlone(nonce));
  const common = isRandom ? ['random'] : first.filter((way) => ways.every((others) => others.includes(way)));
  const odd = nonces.filter((_nonce, index) => ways[index]?.length === 0).map(({ region }) => region);
  const inOrder = common.length > 0 || nonces.length === 0;
  return {
    facts: { regions: count, noncesRead: nonces.length, nonceCount: common.join(' or ') || undefined, inOrder },
    anomalies: inOrder ? [] : [odd.length > 0 ? foreign(odd) : MIXED],
  };
}

const MIXED: Anomaly = {
  code: 'NONCES_MIXED',
  text: 'the nonces count in different ways: regions of several contents were put together',
};

const foreign = (regions: readonly number[]): Anomaly => ({
  code: 'NONCE_FOREIGN',
  text: `no known writer puts such a nonce at region ${regions.slice(0, MOST_TOLD).join(', ')}${
    regions.length > MOST_TOLD ? ` and ${regions.length - MOST_TOLD} more` : ''
  }: regions were moved or left out, or an old writer drew them at random`,
});

function sample(count: number, choice: NonceChoice): readonly number[] {
  const wanted = choice === 'all' ? count : Math.min(count, choice);
  if (wanted <= 1) return count === 0 ? [] : [0];
  return Array.from({ length: wanted }, (_item, index) => Math.round((index * (count - 1)) / (wanted - 1)));
}

async function readNonces(content: StoredContent, plan: RegionPlan, regions: readonly number[]): Promise<ReadNonce[]> {
  const isWhole = regions.length === plan.count(content.length);
  if (isWhole && plan.offsetOf(1) < READ_THROUGH_LENGTH) return readThrough(content, plan);
  return boundedMap(regions, CONCURRENCY, async (region) => {
    const offset = plan.offsetOf(region);
    const count = Math.min(plan.nonceLength, content.length - offset);
    const conditions = content.etag === undefined ? {} : { ifMatch: content.etag };
    return { region, nonce: await content.client.downloadToBuffer(offset, count, { conditions }) };
  });
}

/** The whole content once, in constant memory. */
async function readThrough({ client, etag }: StoredContent, plan: RegionPlan): Promise<ReadNonce[]> {
  const conditions = etag === undefined ? {} : { ifMatch: etag };
  const { readableStreamBody } = await client.download(0, undefined, { conditions });
  const nonces: ReadNonce[] = [];
  let position = 0;
  for await (const given of readableStreamBody ?? []) {
    const chunk = Buffer.from(given as Buffer);
    for (let region = Math.floor(position / plan.offsetOf(1)); ; region += 1) {
      const start = plan.offsetOf(region) - position;
      if (start >= chunk.length) break;
      const piece = chunk.subarray(Math.max(0, start), Math.max(0, start + plan.nonceLength));
      const known = nonces[region]?.nonce ?? Buffer.alloc(0);
      nonces[region] = { region, nonce: Buffer.concat([known, piece]) };
    }
    position += chunk.length;
  }
  return nonces;
}
