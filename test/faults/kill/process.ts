/** The process that is killed: rounds of one work, each told to the parent as it begins and when it is over. */
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

export interface Told {
  readonly kind: 'begun' | 'done';
  readonly round: number;
}

const orders = JSON.parse(process.argv[2]!) as Orders;
const work = WORKS.find(({ name }) => name === orders.work)!;
const direct = new Storage(orders.connectionString);
const ground = { ...orders, direct, through: direct, random: new Random(orders.name) };
const tell = (told: Told): void => {
  process.send?.(told);
};

process.once('disconnect', () => process.exit());
for (let round = 1; ; round += 1) {
  tell({ kind: 'begun', round });
  await work.round(ground, round);
  tell({ kind: 'done', round });
}
