/** What changes of blobs leave behind in an account, as far as it can be read before a job. */
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { NOTHING_LEFT_BEHIND, type Precheck } from '../../envelope/maintenance/maintained.js';
import type { MaintenanceTask } from '../../envelope/maintenance/task.js';
import type { BlobMaintenanceOptions } from './blob-maintenance-options.js';
import { keepsVersions, versionsFault } from './old-versions.js';

/** Time limit in milliseconds. Without an answer, the warning says that it is not known. */
const TIMEOUT = 10_000;

export async function precheckBlobs(
  container: ContainerClient,
  { do: action }: MaintenanceTask,
  { prefix, acceptVersions = false }: BlobMaintenanceOptions,
): Promise<Precheck> {
  if (action !== 'rewrap' && action !== 'reencrypt') return NOTHING_LEFT_BEHIND;
  const hasVersions = !acceptVersions && (await keepsVersions(container, prefix));
  const refusals = hasVersions ? [versionsFault(container.containerName)] : [];
  if (action === 'rewrap') return { refusals, warnings: [LIFECYCLE] };
  return { refusals, warnings: [...(await softDeleteWarnings(container)), LIFECYCLE, EVENTS] };
}

const LIFECYCLE =
  'each blob that is changed has a new time of its last change: lifecycle rules that count from it start again. Rules cannot be read ' +
  'here: look at the lifecycle management of the account';
const EVENTS =
  'each blob that is encrypted again sends BlobCreated, so functions and other subscribers run, and the change feed has an entry. ' +
  'Subscriptions cannot be read here: look at the events of the account';

async function softDeleteWarnings(container: ContainerClient): Promise<readonly string[]> {
  const days = await softDeleteDays(container);
  if (days === 0) return [];
  const what = 'the old content of each blob that is encrypted again can be restored';
  return [
    days === undefined
      ? `this identity cannot read whether soft delete is on: if it is, ${what} until its days are over`
      : `soft delete keeps what is overwritten for ${days} days: until then ${what}`,
  ];
}

/** 0 if it is off, `undefined` if it cannot be read. */
async function softDeleteDays({ url, credential }: ContainerClient): Promise<number | undefined> {
  const service = new URL(url);
  service.pathname = service.pathname.replace(/\/[^/]+\/?$/, '');
  try {
    const client = new BlobServiceClient(service.href, credential, { retryOptions: { maxTries: 1 } });
    const { deleteRetentionPolicy: policy } = await client.getProperties({ abortSignal: AbortSignal.timeout(TIMEOUT) });
    return policy?.enabled === true ? policy.days : 0;
  } catch {
    return undefined;
  }
}
