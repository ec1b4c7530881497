/** The snapshot of a re-encrypted page blob stays until the new content is read back, and longer if that is damaged. */
import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import type { Metadata } from '@azure/storage-blob';
import { EncryptedContainerClient, isMaintenanceClean, type MaintenanceEvent } from 'nestjs-azure-encrypted-storage';
import { content } from '../support/blobs.js';
import { ENCRYPT, LEAVE, MaintainedPages } from '../support/maintained-pages.js';
import { during, OLD } from '../support/maintenance.js';
import type { Fate } from '../support/page-proxy.js';

const pages = new MaintainedPages();
const { clear, raw, disk, proxied, run, snapshots } = pages;
/** The blob for the application, which writes it with the new key. */
const application = ({ unencryptedClient } = pages.both) =>
  new EncryptedContainerClient(unencryptedClient, during('1.0')).getPageBlobClient('disk');
const opened = () => application().downloadToBuffer();
const sealed = (bytes: Buffer) => disk().uploadData(bytes, { metadata: { Patient: '17' } });

describe('another program', () => {
  it.each<[string, Fate]>([
    ['', 'pass'],
    [', even if the answer to the commit is lost', 'lose'],
  ])('that writes a page among the new ones is detected, and the old content stays%s', async (_what, answer) => {
    await clear(content(1024));
    const write = () => raw().uploadPages(Buffer.alloc(512, 1), 0, 512);
    pages.proxy.fate = (action, earlier) =>
      action !== 'metadata' || earlier > 1 ? 'pass' : earlier === 0 ? write() : answer;

    const report = await run(ENCRYPT, { container: proxied() });

    expect(report.failures).toMatchObject([{ outcome: 'damaged', code: 'READ_BACK_FAILED' }]);
    const [kept = ''] = await snapshots();
    expect((await raw().withSnapshot(kept).downloadToBuffer()).equals(content(1024))).toBe(true);
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it.each<[string, string, (found: Metadata) => Metadata]>([
    ['that it read before', 'snapshot', (found) => found],
    ['that it read meanwhile', 'page', (found) => found],
    ['that is entirely new', 'page', () => ({ Ward: '3' })],
  ])('that sets metadata %s after the commit is detected, and the old content stays', async (_what, moment, next) => {
    await sealed(content(1024));
    let found: Metadata = {};
    const remember = async () => void ({ metadata: found = {} } = await raw().getProperties());
    let hasWritten = false;
    pages.proxy.fate = (action, earlier) => {
      if (action === moment && earlier === 0) return remember();
      if (action !== 'read' || !pages.proxy.actions.includes('metadata') || hasWritten) return 'pass';
      hasWritten = true;
      return raw().setMetadata(next(found));
    };

    const report = await run(LEAVE, { container: proxied() });

    expect(report.failures).toMatchObject([{ outcome: 'damaged', code: 'READ_BACK_FAILED' }]);
    const [kept = ''] = await snapshots();
    expect((await disk().withSnapshot(kept).downloadToBuffer()).equals(content(1024))).toBe(true);
  });
});

describe('an upload that starts before the new content is read back', () => {
  /** Claims the blob and waits for the call that makes it fail. */
  async function begun(): Promise<() => Promise<void>> {
    const failing = new EventEmitter();
    const source = Readable.from(
      (async function* () {
        await once(failing, 'now');
        yield Buffer.alloc(0);
      })(),
    );
    const upload = application()
      .uploadStream(source, 512)
      .catch(() => undefined);
    const isClaimed = () =>
      raw()
        .getProperties()
        .then(({ metadata }) => JSON.stringify(metadata).includes('AzCseUpload'));
    while (!(await isClaimed()));
    return async () => {
      failing.emit('now');
      await upload;
    };
  }

  it.each([true, false])('keeps the old content if the new content is damaged (damaged: %p)', async (isDamaged) => {
    await clear(content(1024));
    let fail = async (): Promise<void> => undefined;
    let hasBegun = false;
    pages.proxy.fate = (action, earlier) => {
      if (isDamaged && action === 'metadata' && earlier === 0) return raw().uploadPages(Buffer.alloc(512, 1), 0, 512);
      if (action !== 'read' || !pages.proxy.actions.includes('metadata') || hasBegun) return 'pass';
      hasBegun = true;
      return begun().then((failing) => (fail = failing));
    };

    const report = await run(ENCRYPT, { container: proxied() });
    const kept = await snapshots();
    await fail();

    expect(hasBegun).toBe(true);
    expect(report.outcomes).toEqual(isDamaged ? { damaged: 1 } : { done: 1 });
    expect(kept).toHaveLength(isDamaged ? 2 : 1);
    if (isDamaged) {
      const [left = ''] = await snapshots();
      expect((await raw().withSnapshot(left).downloadToBuffer()).equals(content(1024))).toBe(true);
    } else expect((await opened()).equals(content(1024))).toBe(true);
  });
});

describe('an outage that starts with a page and lasts longer than the rollback', () => {
  it.each<Fate>(['refuse', { status: 503, code: 'ServerBusy' }])('is waited for (%j)', async (fate) => {
    await sealed(content(1024));
    let isOut: boolean | undefined;
    pages.proxy.fate = (action) => {
      if (action === 'page') isOut ??= true;
      return isOut === true ? fate : 'pass';
    };

    const onEvent = ({ kind }: MaintenanceEvent) => void (isOut &&= kind !== 'throttled');
    const report = await run(LEAVE, { container: proxied(), onEvent });

    expect(report).toMatchObject({ outcomes: { done: 1 }, failures: [] });
    expect((await opened()).equals(content(1024))).toBe(true);
    expect(await snapshots()).toEqual([]);
  });

  it('leaves the blob unchanged if the service then rejects the page', async () => {
    await sealed(content(1024));
    pages.proxy.fate = (action, earlier) => {
      if (action === 'page') return { status: 409, code: 'BlobImmutableDueToPolicy' };
      return action === 'copy' && earlier === 0 ? 'refuse' : 'pass';
    };

    const report = await run(LEAVE, { container: proxied() });

    expect(report.failures).toMatchObject([{ outcome: 'immutable' }]);
    expect((await disk().downloadToBuffer()).equals(content(1024))).toBe(true);
  });
});

describe('a snapshot that cannot be deleted', () => {
  it('is reported, because it contains the old content', async () => {
    await sealed(content(1024));
    pages.proxy.fate = (action) =>
      action === 'delete' ? { status: 403, code: 'AuthorizationPermissionMismatch' } : 'pass';

    const report = await run(LEAVE, { container: proxied() });

    expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'SNAPSHOT_LEFT' }]);
    expect((await opened()).equals(content(1024))).toBe(true);
    const left = await run({ do: 'deleteSuperseded', when: { keyIds: [OLD] } });
    expect(left.outcomes).toMatchObject({ deleted: 1 });
  });
});

it('keeps the snapshot of an earlier job that found damage, also when the blob is encrypted again', async () => {
  await clear(content(512));
  pages.proxy.fate = (action, earlier) =>
    action === 'read' && earlier > 0 && pages.proxy.actions.includes('metadata')
      ? raw().setMetadata({ a: 'b' })
      : 'pass';
  expect((await run(ENCRYPT, { container: proxied() })).outcomes).toEqual({ damaged: 1 });
  const [kept] = await snapshots();
  expect((await run(ENCRYPT)).outcomes).toEqual({ done: 1 });
  expect(await snapshots()).toEqual([kept]);
});

it.each<[string, () => Promise<unknown>]>([
  ['a job', () => run(ENCRYPT, { container: proxied() })],
  [
    'an upload',
    () =>
      application(proxied())
        .uploadData(content(1024))
        .catch(() => undefined),
  ],
])('keeps the snapshot of an earlier job that found damage, also when %s fails later', async (_what, fail) => {
  await clear(content(512));
  pages.proxy.fate = (action, earlier) =>
    action === 'read' && earlier > 0 && pages.proxy.actions.includes('metadata')
      ? raw().setMetadata({ a: 'b' })
      : 'pass';
  expect((await run(ENCRYPT, { container: proxied() })).outcomes).toEqual({ damaged: 1 });
  const [kept] = await snapshots();
  pages.proxy.clear();
  pages.proxy.fate = (action) => (action === 'page' ? { status: 409, code: 'BlobImmutableDueToPolicy' } : 'pass');

  await fail();

  expect(pages.proxy.actions).toContain('copy');
  expect(await snapshots()).toEqual([kept]);
});
