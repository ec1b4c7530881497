import { MaintainedRows } from '../../../src/table/maintenance/maintained-rows.js';
import { TableClient } from '@azure/data-tables';
import type { MaintenanceSource } from '../../../src/envelope/maintenance/maintained.js';
import { openedJob } from '../../../src/maintenance/job-state.js';
import { MemoryStore } from '../../../src/maintenance/state-store.js';
import { policyOf } from '../../support/blobs.js';

const rows = (variant?: string): MaintenanceSource => {
  const table = TableClient.fromConnectionString('UseDevelopmentStorage=true', 'Patient');
  return new MaintainedRows({ table, policy: policyOf('2.1'), entityClass: null, variant });
};
const job = (source: MaintenanceSource) => ({
  name: 'encrypt-patients',
  task: { do: 'reencrypt', when: { plaintext: true } } as const,
  sources: [source],
});

describe('an existing job', () => {
  it.each([undefined, 'born,name'])('resumes with the same source, with the variant %p', async (variant) => {
    const store = new MemoryStore();
    await openedJob(store, job(rows(variant)));

    await expect(openedJob(store, job(rows(variant)))).resolves.toMatchObject({ finished: 0 });
  });

  it.each([
    ['name', 'born,name'],
    ['name', undefined],
    [undefined, 'name'],
  ])('that encrypts %p in a table does not resume as a job that encrypts %p', async (before, now) => {
    const store = new MemoryStore();
    await openedJob(store, job(rows(before)));

    await expect(openedJob(store, job(rows(now)))).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
