/** The spans of a maintenance job. */
import { Encrypt, EncryptedEntity, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor } from '../support/blobs.js';
import { before, during, OLD } from '../support/maintenance.js';
import { recordSpans } from '../support/recorded-spans.js';
import { tableOf } from '../support/tables.js';

@EncryptedEntity<Note>()
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}

const recorder = recordSpans();
const TASK = { do: 'rewrap', retire: [OLD] } as const;
/** The second unwrap checks whether the two keys are the same, once for each pair; the last one checks the new wrap. */
const CALLS = ['unwrapKey', 'unwrapKey', 'wrapKey', 'unwrapKey'].map((call) => `KeyEncryptionKey.${call}`);

/** Paths of the spans of steps, without the requests of the SDKs' own operations. */
async function stepsOf(work: () => Promise<unknown>): Promise<string[]> {
  const known = recorder.spans.length;
  await work();
  const paths = recorder.spans.slice(known).map(({ path }) => path);
  return paths.filter((path) => path.startsWith('Maintenance.step') && !path.includes('HTTP'));
}

it('has a span for each blob, with the key calls and the write below it', async () => {
  const [old, both] = await containersFor(before(), during());
  await old.getBlockBlobClient('scan').uploadData('content');

  const steps = await stepsOf(() => runMaintenance({ name: 'leave', task: TASK, sources: [both.forMaintenance()] }));

  expect(steps).toEqual(['Maintenance.step', ...[...CALLS, 'BlobClient-setMetadata'].map(below)]);
});

it('has a span for each transaction of rows', async () => {
  const name = uniqueTableName('notes');
  const [old, both] = [tableOf(Note, name, before()), tableOf(Note, name, during())];
  await old.createTable();
  for (const rowKey of ['1', '2', '3']) await old.createEntity({ partitionKey: 'north', rowKey, text: 'content' });

  const steps = await stepsOf(() => runMaintenance({ name: 'leave', task: TASK, sources: [both.forMaintenance()] }));

  expect(steps.filter((path) => path === 'Maintenance.step')).toHaveLength(1);
  expect(steps.filter((path) => path.endsWith('.wrapKey'))).toEqual(Array(3).fill(below('KeyEncryptionKey.wrapKey')));
  expect(steps).toContain(below('TableTransaction.submitTransaction'));
});

it('has the read, the key calls and the write of a re-encrypted row below one span', async () => {
  const name = uniqueTableName('notes');
  const [old, both] = [tableOf(Note, name, before()), tableOf(Note, name, during())];
  await old.createTable();
  await old.createEntity({ partitionKey: 'north', rowKey: '1', text: 'content' });
  const task = { do: 'reencrypt', when: { keyIds: [OLD] } } as const;

  const steps = await stepsOf(() => runMaintenance({ name: 'disclosed', task, sources: [both.forMaintenance()] }));

  const names = ['TableClient.getEntity', 'KeyEncryptionKey.wrapKey', 'TableClient.updateEntity'];
  expect(steps).toEqual(expect.arrayContaining(names.map(below)));
});

const below = (name: string): string => `Maintenance.step > ${name}`;
