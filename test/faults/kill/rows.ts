/** Rows that count the rounds of a killed process: both sealed properties have the same round in every row. */
import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { describe, lost, wrong } from '../outcome.js';
import { policyOf, TABLE } from '../storage.js';
import type { Ground } from '../operations/operation.js';
import { ONE_LIFE, type Work } from './work.js';

@EncryptedEntity()
class CountedRow {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ type: 'number' }) round!: number;
  @Encrypt({ type: 'number' }) again!: number;
  @Encrypt() kept!: string;
}

const ROWS = ['a', 'b', 'c'];

const tableOf = ({ direct }: Ground): EncryptedTableClient<CountedRow> =>
  direct.tables(policyOf('1.0')).getTableClient(CountedRow, TABLE);

const patchOf = ({ name }: Ground, rowKey: string, round: number): Omit<CountedRow, 'kept'> => ({
  ...{ partitionKey: name, rowKey, round, again: round },
});

export const ROW_WORKS: readonly Work[] = (['merge', 'transaction'] as const).map((kind) => {
  const rows = kind === 'merge' ? ROWS.slice(0, 1) : ROWS;
  return {
    name: kind === 'merge' ? 'updateEntity, Merge' : 'submitTransaction',
    lives: ONE_LIFE,
    prepare: async (ground) => {
      for (const rowKey of rows) await tableOf(ground).createEntity({ ...patchOf(ground, rowKey, 0), kept: 'kept' });
    },
    round: async (ground, round) => {
      const patches = rows.map((rowKey) => patchOf(ground, rowKey, round));
      if (kind === 'merge') await tableOf(ground).updateEntity(patches[0]!, 'Merge');
      else await tableOf(ground).submitTransaction(patches.map((patch) => ['update', patch, 'Merge'] as const));
    },
    judge: async (ground, { done, begun }) => {
      const found: CountedRow[] = [];
      for (const rowKey of rows) {
        const row = await tableOf(ground).getEntity(ground.name, rowKey).catch(describe);
        if (typeof row === 'string') return lost(`a row cannot be read: ${row}`);
        found.push(row);
      }
      if (found.some(({ kept }) => kept !== 'kept')) return lost('a property that was not changed');
      const numbers = new Set(found.flatMap(({ round, again }) => [round, again]));
      const [round] = numbers;
      if (numbers.size !== 1) return wrong(`rounds ${[...numbers].join(', ')} in one transaction`);
      return round! >= done && round! <= begun ? undefined : lost(`round ${round}, and ${done} was over`);
    },
  };
});
