/** The process that is killed: it runs rounds of one work, and reports the start and end of each to its parent. */
import type { ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import { Random } from '../random.js';
import { Storage } from '../storage.js';
import { WORKS } from './works.js';

export interface Orders {
  readonly work: string;
  readonly connectionString: string;
  readonly name: string;
  readonly folder: string;
  readonly protocol: ProtocolVersion;
}

export interface Report {
  readonly kind: 'begun' | 'done';
  readonly round: number;
}

const orders = JSON.parse(process.argv[2]!) as Orders;
const work = WORKS.find(({ name }) => name === orders.work)!;
const direct = new Storage(orders.connectionString);
const ground = { ...orders, direct, through: direct, random: new Random(orders.name) };
const report = (news: Report): void => {
  process.send?.(news);
};

process.once('disconnect', () => process.exit());
for (let round = 1; ; round += 1) {
  report({ kind: 'begun', round });
  await work.round(ground, round);
  report({ kind: 'done', round });
}
