/** Search tags for three properties of an entity: what they add to sealing it, and to reading a page of 1,000. */
import { Encrypt, EncryptedEntity, HmacSearchKey } from 'nestjs-azure-encrypted-storage';
import { entityEnvelope, openedRow, rowTags, tagCheck } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import { leastCpu } from './support/operations.js';
import { tagPrimitives } from './support/primitives.js';
import type { Row, Target } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { SEARCH_CHECK_MS, SEARCH_TAGS_SHARE } from './support/targets.js';
import { benchKey } from './support/transfer.js';
import { yardstick } from './support/yardstick.js';

const SEALED = 10;
const SEARCHABLE = 3;
const PAGE = 1000;
const ROUNDS = 9;
const COUNT = 1000;
const SUBJECT = `search tags of ${SEARCHABLE} of ${SEALED} sealed properties, in memory`;

const names = Array.from({ length: SEALED }, (_, index) => `sealed${index}`);
const entity = {
  ...{ partitionKey: 'bench', rowKey: '1' },
  ...Object.fromEntries(names.map((name) => [name, `value of ${name}, `.repeat(3)])),
};

/** An entity class whose first properties are searchable. */
function classWith(searchable: number) {
  @EncryptedEntity({ clear: '*' })
  class Searched {
    partitionKey!: string;
    rowKey!: string;
  }
  for (const [at, name] of names.entries()) {
    (Encrypt({ searchable: at < searchable }) as PropertyDecorator)(Searched.prototype, name);
  }
  return Searched;
}

const policy = {
  protocol: '2.0',
  keyEncryptionKey: benchKey(),
  requireEncryption: true,
  searchKeys: { write: HmacSearchKey.generate() },
} as const;
const contextOf = (searchable: number) => ({
  ...{ policy, account: 'bench', table: 'bench', entityClass: classWith(searchable) },
});

export const search: Subject = { name: 'search', run: inMemory };

async function inMemory(lab: Lab): Promise<Row[]> {
  const [plain, tagged] = [contextOf(0), contextOf(SEARCHABLE)];
  const row = await entityEnvelope.sealEntity(entity, tagged);
  const { texts } = await openedRow.openRow(row, tagged);
  const checked = { row, texts, isAsked: () => true };
  const ops = lab.isQuick ? 20 : COUNT;
  const found = await lab.measure(
    'search tags in memory',
    {
      yard: yardstick(ops),
      floor: leastCpu(ops, tagPrimitives(SEARCHABLE)),
      seal: leastCpu(ops, () => entityEnvelope.sealEntity(entity, plain)),
      sealTagged: leastCpu(ops, () => entityEnvelope.sealEntity(entity, tagged)),
      tags: leastCpu(ops, () => rowTags.rowTags({ texts, partitionKey: 'bench' }, tagged)),
      check: leastCpu(ops, () => tagCheck.tagFaults(checked, tagged)),
    },
    lab.isQuick ? 1 : ROUNDS,
  );
  const us = (name: keyof typeof found): number => medianOf(found[name], (value) => value);
  const pageMs = (us('check') * PAGE) / 1000;
  const added = us('sealTagged') - us('seal');
  const inYards = (value: number): string => `${(value / us('yard')).toFixed(1)} yardsticks`;
  const share = (value: number): string => `${((value / us('seal')) * 100).toFixed(1)} % of sealing without`;
  const line = (what: string, encrypted: number, target?: Target): Row => ({
    ...{ subject: SUBJECT, case: what, protocol: '1.0', unit: 'us', encrypted },
    ...(target === undefined || lab.isQuick ? {} : { targets: [target] }),
  });
  return [
    line(`seal without tags, ${inYards(us('seal'))}`, us('seal')),
    line(`the primitives alone of the next line, ${inYards(us('floor'))}: ${share(us('floor'))}`, us('floor')),
    line(`what tags and their signatures add, ${inYards(added)}: ${share(added)}`, added, {
      ...{ what: 'share', value: added / us('seal'), atMost: SEARCH_TAGS_SHARE },
    }),
    line('- of it: the tags', us('tags')),
    {
      ...line(`compute the tags of ${PAGE} rows again`, pageMs, { what: 'ms', value: pageMs, atMost: SEARCH_CHECK_MS }),
      unit: 'ms',
    },
  ];
}
