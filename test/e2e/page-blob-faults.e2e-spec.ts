import { Readable } from 'node:stream';
import { content } from '../support/blobs.js';
import { nameOf, outcome, type PageLab, pageLab, readBy, snapshotsOf, strict } from '../support/page-lab.js';
import { type PageAction, PageProxy } from '../support/page-proxy.js';

const BLOCK = 4 * 1024 * 1024;
const OLD = content(1024);
const NEW = content(2048);
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;
const retries = { maxTries: 3, retryDelayInMs: 1, maxRetryDelayInMs: 5 };

let proxy: PageProxy;
beforeAll(async () => {
  proxy = await PageProxy.start();
});
afterAll(() => proxy.close());
beforeEach(() => {
  proxy.clear();
});

const ACTIONS: readonly PageAction[] = ['look', 'snapshot', 'create', 'page', 'metadata'];
const NAMED = ACTIONS.flatMap((action) =>
  (['lose', 'refuse', 'repeat'] as const).flatMap((fate) =>
    [retries, { maxTries: 1 }].map((options) => ({ action, fate, options, tries: options.maxTries })),
  ),
);

describe.each(['old content', 'nothing'])('an upload over %s', (before) => {
  const hasOld = before === 'old content';

  it.each(NAMED)('is complete or undone if the first "$action" meets "$fate", with $tries tries', async (given) => {
    const { action, fate, options } = given;
    const lab = await pageLab(proxy, strict, options);
    if (hasOld) await lab.direct().uploadData(OLD);
    proxy.fate = (name, earlier) => (name === action && earlier === 0 ? fate : 'pass');

    const upload = await outcome(lab.blob.uploadData(NEW));

    const expected = hasOld ? nameOf(OLD) : 'BlobNotFound';
    expect(await readBy(lab)).toBe(upload === 'done' ? nameOf(NEW) : expected);
    if (options.maxTries > 1 || fate === 'repeat') expect(upload).toBe('done');
    proxy.clear();
    await lab.blob.uploadData(OLD);
    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it.each(ACTIONS.filter((action) => hasOld || action !== 'snapshot'))(
    'is undone or unfinished if the service is unavailable from the first "%s" on',
    async (action) => {
      const lab = await pageLab(proxy, strict);
      if (hasOld) await lab.direct().uploadData(OLD);
      let isGone = false;
      proxy.fate = (name) => {
        isGone ||= name === action;
        return isGone ? 'refuse' : 'pass';
      };

      const upload = await outcome(lab.blob.uploadData(NEW));

      expect(upload).not.toBe('done');
      const read = await readBy(lab);
      expect([hasOld ? nameOf(OLD) : 'BlobNotFound', 'UPLOAD_UNFINISHED']).toContain(read);
      proxy.clear();
      await lab.blob.uploadData(NEW);
      expect(await readBy(lab)).toBe(nameOf(NEW));
      expect(await snapshotsOf(lab)).toEqual([]);
    },
  );
});

describe('a rollback', () => {
  it('reports its own failure with the cause, and is completed by the next upload that fails', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.direct().uploadData(OLD);
    proxy.fate = (name) => (name === 'copy' ? 'refuse' : 'pass');

    const error = await lab.blob.uploadStream(Readable.from([NEW]), 4096).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'ROLLBACK_FAILED', cause: { code: 'SOURCE_LENGTH_MISMATCH' } });
    const { previousSnapshot } = error as { previousSnapshot: string };
    expect(await readBy(lab)).toBe('UPLOAD_UNFINISHED');
    expect((await lab.direct().withSnapshot(previousSnapshot).downloadToBuffer()).equals(OLD)).toBe(true);
    for (const call of [lab.direct().getProperties(), lab.direct().rewrapKey()]) {
      await expect(call).rejects.toMatchObject({ code: 'UPLOAD_UNFINISHED', previousSnapshot });
    }
    proxy.clear();
    await expect(lab.blob.uploadStream(Readable.from([NEW]), 4096)).rejects.toEqual(code('SOURCE_LENGTH_MISMATCH'));
    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it.each(['look', 'sequence', 'copy', 'metadata'] as const)('survives the loss of a "%s"', async (action) => {
    const lab = await pageLab(proxy, strict, retries);
    await lab.direct().uploadData(OLD);
    let isFailing = false;
    let lost = 0;
    const source = Readable.from(
      (function* () {
        yield NEW;
        isFailing = true;
      })(),
    );
    proxy.fate = (name) => (isFailing && name === action && (lost += 1) === 1 ? 'lose' : 'pass');

    await expect(lab.blob.uploadStream(source, 4096)).rejects.toEqual(code('SOURCE_LENGTH_MISMATCH'));

    expect(lost).toBeGreaterThan(0);
    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it.each([Infinity, 2 ** 31])('rejects a time limit of %d ms, which would end it immediately', async (limit) => {
    const lab = await pageLab(proxy, strict);
    await lab.direct().uploadData(OLD);

    const upload = lab.blob.uploadStream(Readable.from([NEW]), 4096, { rollbackTimeoutInMs: limit });

    await expect(upload).rejects.toEqual(code('INVALID_OPTIONS'));
    expect(await readBy(lab)).toBe(nameOf(OLD));
  });

  it('ends at its time limit', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.direct().uploadData(OLD);
    let release: (value?: unknown) => void = () => undefined;
    const stalled = new Promise((resolve) => {
      release = resolve;
    });
    proxy.fate = (name) => (name === 'copy' ? stalled : 'pass');

    const upload = lab.blob.uploadStream(Readable.from([NEW]), 4096, { rollbackTimeoutInMs: 200 });

    await expect(upload).rejects.toMatchObject({
      ...{ code: 'ROLLBACK_FAILED', cause: { code: 'SOURCE_LENGTH_MISMATCH' }, rollbackError: { name: 'AbortError' } },
    });
    expect(await readBy(lab)).toBe('UPLOAD_UNFINISHED');
    release();
  });
});

describe('a request that arrives late', () => {
  it.each(['create', 'page', 'metadata'] as const)(
    'changes nothing after its upload was aborted: "%s"',
    async (action) => {
      const lab = await pageLab(proxy, strict);
      await lab.direct().uploadData(OLD);
      const abort = new AbortController();
      let release: (value?: unknown) => void = () => undefined;
      const delayed = new Promise((resolve) => {
        release = resolve;
      });
      proxy.fate = (name, earlier) => {
        if (name !== action || earlier > 0) return 'pass';
        setImmediate(() => abort.abort());
        return delayed;
      };

      await expect(lab.blob.uploadData(NEW, { abortSignal: abort.signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
      expect(await readBy(lab)).toBe(nameOf(OLD));
      const before = await lab.direct().getProperties();
      release();
      await proxy.idle();

      expect(await readBy(lab)).toBe(nameOf(OLD));
      expect((await lab.direct().getProperties()).etag).toBe(before.etag);
      expect(await snapshotsOf(lab)).toEqual([]);
    },
  );
});

/** How page writes of an overtaken upload end: for a shorter blob, the range is rejected before the condition. */
const OVERTAKEN = ['412', '416'];

describe('concurrent uploads', () => {
  it.each([2, 8])('leave the complete content of one successful upload of %d', async (writers) => {
    for (const hasOld of [true, false]) {
      const lab = await pageLab(proxy, strict, retries);
      if (hasOld) await lab.direct().uploadData(OLD);
      const contents = Array.from({ length: writers }, (_, index) => content((index + 3) * 512));

      const outcomes = await Promise.all(contents.map((one) => outcome(lab.blob.uploadData(one))));

      const read = await readBy(lab);
      const winner = contents.findIndex((one) => nameOf(one) === read);
      expect(outcomes[winner]).toBe('done');
      expect(outcomes.filter((one) => !['done', ...OVERTAKEN, '404'].includes(one))).toEqual([]);
      expect(await snapshotsOf(lab)).toEqual([]);
    }
  });

  it('have exactly one winner with ifNoneMatch "*"', async () => {
    const lab = await pageLab(proxy, strict, retries);
    const contents = Array.from({ length: 4 }, (_, index) => content((index + 3) * 512));

    const outcomes = await Promise.all(
      contents.map((one) => outcome(lab.blob.uploadData(one, { conditions: { ifNoneMatch: '*' } }))),
    );

    expect(outcomes.filter((one) => one === 'done')).toHaveLength(1);
    expect(await readBy(lab)).toBe(nameOf(contents[outcomes.indexOf('done')]!));
  });

  it('never mix pages, and the overtaken one restores nothing', async () => {
    const lab = await pageLab(proxy, strict, retries);
    await lab.direct().uploadData(OLD);
    const large = content(3 * BLOCK);
    const overtaken = (async function* () {
      yield large.subarray(0, BLOCK + 512);
      await lab.direct().uploadData(NEW);
      yield large.subarray(BLOCK + 512);
    })();

    expect(OVERTAKEN).toContain(await outcome(lab.blob.uploadStream(Readable.from(overtaken), large.length)));

    expect(await readBy(lab)).toBe(nameOf(NEW));
    expect(await snapshotsOf(lab)).toEqual([]);
  });
});

describe('a page blob whose upload was killed', () => {
  /** The state after the process was killed halfway through its pages. */
  async function died(hasOld: boolean): Promise<PageLab> {
    const lab = await pageLab(proxy, strict);
    if (hasOld) await lab.direct().uploadData(OLD);
    let isDead = false;
    proxy.fate = (name) => {
      isDead ||= name === 'metadata';
      return isDead ? 'refuse' : 'pass';
    };
    await lab.blob.uploadData(NEW).catch(() => undefined);
    proxy.clear();
    return lab;
  }

  it.each([true, false])(
    'fails for readers until the next upload, which cleans up (old content: %p)',
    async (hasOld) => {
      const lab = await died(hasOld);
      expect(await readBy(lab)).toBe('UPLOAD_UNFINISHED');

      await lab.blob.uploadData(NEW, { conditions: hasOld ? {} : { ifNoneMatch: '*' } });

      expect(await readBy(lab)).toBe(nameOf(NEW));
      expect(await snapshotsOf(lab)).toEqual([]);
    },
  );

  it('leaves snapshots, which only the next successful upload deletes, and no others', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.direct().uploadData(OLD);
    const own = [(await lab.direct().createSnapshot()).snapshot!];
    for (let deaths = 0; deaths < 2; deaths += 1) {
      let isDead = false;
      proxy.fate = (name) => {
        isDead ||= name === 'create';
        return isDead ? 'refuse' : 'pass';
      };
      await lab.blob.uploadData(NEW).catch(() => undefined);
      proxy.clear();
    }
    own.push((await lab.direct().createSnapshot()).snapshot!);
    const left = (await snapshotsOf(lab)).sort();
    expect(left).toHaveLength(4);

    expect(await outcome(lab.blob.uploadStream(Readable.from([NEW]), 2 * NEW.length))).toBe('SOURCE_LENGTH_MISMATCH');
    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect((await snapshotsOf(lab)).sort()).toEqual(left);

    expect(await outcome(lab.blob.uploadData(NEW))).toBe('done');
    expect(await readBy(lab)).toBe(nameOf(NEW));
    expect((await snapshotsOf(lab)).sort()).toEqual(own);
  });

  it('is restored by the next upload that fails', async () => {
    const lab = await died(true);

    await expect(lab.blob.uploadStream(Readable.from([]), 512)).rejects.toEqual(code('SOURCE_LENGTH_MISMATCH'));

    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it.each([
    [{ ifMatch: '"0x1"' }, '412'],
    [{ ifNoneMatch: '*' }, '409'],
  ])('keeps its old content if the next upload has the conditions %j', async (conditions, status) => {
    const lab = await died(true);

    expect(await outcome(lab.blob.uploadData(NEW, { conditions }))).toBe(status);

    expect(await readBy(lab)).toBe('UPLOAD_UNFINISHED');
    expect(await snapshotsOf(lab)).toHaveLength(1);
  });
});

describe('aborts at random moments', () => {
  it('leave the old content, the new content or none, and no snapshot', async () => {
    const lab = await pageLab(proxy, strict);
    const large = content(BLOCK + 512);
    await lab.direct().uploadData(OLD);
    for (let round = 0; round < 12; round += 1) {
      const abort = new AbortController();
      const target = Math.floor(Math.random() * 8);
      let seen = 0;
      proxy.fate = () => {
        if (seen++ === target) setImmediate(() => abort.abort());
        return 'pass';
      };

      const upload = await outcome(lab.blob.uploadData(large, { abortSignal: abort.signal }));

      proxy.clear();
      expect(await readBy(lab)).toBe(nameOf(upload === 'done' ? large : OLD));
      expect(await snapshotsOf(lab)).toEqual([]);
      await lab.direct().uploadData(OLD);
    }
  });
});
