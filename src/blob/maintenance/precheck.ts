/** What changes to blobs leave behind in an account, as far as it can be known before a job. */
import type { ContainerClient } from '@azure/storage-blob';
import type { Precheck } from '../../envelope/maintenance/maintained.js';
import type { MaintenanceTask } from '../../envelope/maintenance/task.js';
import { isForbidden } from '../../service-errors.js';
import type { BlobMaintenanceOptions } from './blob-maintenance-options.js';
import { keepsVersions, versionsFault } from './old-versions.js';

/** Time limit in milliseconds. Without an answer, the warning says that it is not known. */
const TIMEOUT = 10_000;

export async function precheckBlobs(
  container: ContainerClient,
  { do: action }: MaintenanceTask,
  { prefix, acceptVersions = false, pageBlobs = false }: BlobMaintenanceOptions,
): Promise<Precheck> {
  const effects = EFFECTS[action];
  if (effects === undefined) return { refusals: [], warnings: [] };
  const isRefused = effects.changesBlobs && !acceptVersions && (await keepsVersions(container, prefix));
  return {
    refusals: isRefused ? [versionsFault(container.containerName)] : [],
    warnings: [
      ...(await immutabilityWarnings(container)),
      ...(await softDeleteWarnings(container, effects.keptBySoftDelete)),
      ...(pageBlobs && action === 'reencrypt' ? [PAGES] : []),
      ...effects.unseen,
    ],
  };
}

const PAGES =
  'each page blob cannot be read while it is encrypted again (UPLOAD_UNFINISHED), and pages, metadata and tags that other programs ' +
  'write in that time are lost: stop these programs first';

interface Effects {
  readonly changesBlobs: boolean;
  /** What soft delete keeps, if anything. */
  readonly keptBySoftDelete: string | null;
  /** What no request of this package can find out. */
  readonly unseen: readonly string[];
}

const LIFECYCLE =
  'each changed blob gets a new last-modified time: lifecycle rules that count from it start again. This job cannot read the rules: ' +
  'check the lifecycle management of the account';
const EVENTS =
  'each blob that is encrypted again sends BlobCreated, so functions and other subscribers run, and the change feed has an entry. ' +
  'This job cannot read subscriptions: check the events of the account';

const EFFECTS: Readonly<Partial<Record<MaintenanceTask['do'], Effects>>> = {
  rewrap: { changesBlobs: true, keptBySoftDelete: null, unseen: [LIFECYCLE] },
  reencrypt: {
    changesBlobs: true,
    keptBySoftDelete: 'the old content of each blob that is encrypted again can be restored',
    unseen: [LIFECYCLE, EVENTS],
  },
  deleteSuperseded: {
    changesBlobs: false,
    keptBySoftDelete: 'each snapshot and version that is deleted can be restored, and needs its key',
    unseen: [],
  },
};

/** Protection of the whole container. Blobs may also have their own policies. */
async function immutabilityWarnings(container: ContainerClient): Promise<readonly string[]> {
  const { containerName } = container;
  const properties = await container.getProperties().catch((error: unknown) => {
    // as with a shared access signature of the container
    if (isForbidden(error)) return null;
    throw error;
  });
  if (properties === null)
    return [
      `this identity cannot read whether container ${containerName} has a legal hold or an immutability policy: what one protects is ` +
        'reported as "immutable", and needs its key until that ends',
    ];
  const { hasImmutabilityPolicy, hasLegalHold } = properties;
  const reasons = [
    ...(hasLegalHold === true ? ['a legal hold'] : []),
    ...(hasImmutabilityPolicy === true ? ['an immutability policy'] : []),
  ];
  if (reasons.length === 0) return [];
  return [
    `container ${containerName} has ${reasons.join(' and ')}: what it protects is reported as "immutable", and needs its key until that ends`,
  ];
}

async function softDeleteWarnings(container: ContainerClient, kept: string | null): Promise<readonly string[]> {
  if (kept === null) return [];
  const days = await softDeleteDays(container);
  if (days === 0) return [];
  return [
    days === undefined
      ? `this identity cannot read whether soft delete is on: if it is, ${kept} until its days are over`
      : `soft delete is on, for ${days} days: until then ${kept}`,
  ];
}

/** 0 if it is off, `undefined` if it cannot be read. */
async function softDeleteDays({ url, credential }: ContainerClient): Promise<number | undefined> {
  const service = new URL(url);
  service.pathname = service.pathname.replace(/\/[^/]+\/?$/, '');
  try {
    // the caller's client comes from this package, so it is already loaded
    const { BlobServiceClient } = await import('@azure/storage-blob');
    const client = new BlobServiceClient(service.href, credential, { retryOptions: { maxTries: 1 } });
    const { deleteRetentionPolicy: policy } = await client.getProperties({ abortSignal: AbortSignal.timeout(TIMEOUT) });
    return policy?.enabled === true ? policy.days : 0;
  } catch {
    return undefined;
  }
}
