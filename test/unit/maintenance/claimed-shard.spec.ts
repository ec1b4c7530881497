import { jest } from '@jest/globals';
import { ClaimedShard, claimShard } from '../../../src/maintenance/claimed-shard.js';
import type { ObjectFailure } from '../../../src/maintenance/events.js';
import { notedFailures } from '../../../src/maintenance/failure-lines.js';
import { attemptAt, factsOf, newShard, type ShardState, withAttempt } from '../../../src/maintenance/shard.js';
import { MemoryStore } from '../../../src/maintenance/state-store.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const CLAIM = 30;
const NAME = 'job/1/work/shards/0000000.json';

async function claimed(store = new MemoryStore(), worker = 'mine', clock = new ManualClock()) {
  const shard = newShard({ source: 0 });
  await store.create(NAME, shard, factsOf(shard));
  const stored = await store.read<ShardState>(NAME);
  const found = { name: NAME, stored: stored! };
  const claim = await claimShard(found, { store, clock, worker, claimSeconds: CLAIM }, true);
  return { claim, store, clock };
}

/** Another process takes the shard, and its owner does not notice. */
async function takenOver(shard: ClaimedShard, store: MemoryStore): Promise<unknown> {
  const stored = await store.read<ShardState>(shard.name);
  const value = { ...stored!.value, claimedUntil: new Date(0).toISOString() };
  await store.replace(shard.name, { value, etag: stored!.etag });
  return (await claimed(store, 'theirs')).claim;
}

describe('a shard', () => {
  it('is left alone while another process claims it', async () => {
    const { store } = await claimed();

    expect((await claimed(store, 'theirs')).claim).toBe('taken');
  });

  it('is available once its process has released it', async () => {
    const { claim, store } = await claimed();
    await (claim as ClaimedShard).release();

    expect((await claimed(store, 'theirs')).claim).toBeInstanceOf(ClaimedShard);
  });

  it('keeps no timer after it has stopped, even if a save was in progress', async () => {
    const { claim, clock } = await claimed();
    const shard = claim as ClaimedShard;
    shard.startBeating();
    const beating = clock.advance(CLAIM / 3);
    shard.stopBeating();
    await beating;
    await settled();
    expect(clock.waiting).toBe(0);

    shard.startBeating();
    // the beat has begun, and its save has no response yet
    clock.jump(CLAIM / 3);
    const due = clock.advance(0);
    await Promise.resolve();
    shard.stopBeating();
    await due;
    await settled();
    expect(clock.waiting).toBe(0);
  });

  it('is not saved after its process has lost it', async () => {
    const { claim, store } = await claimed();
    const stored = await store.read(NAME);
    await store.replace(NAME, stored!);

    expect(await (claim as ClaimedShard).save({ seen: 1 })).toBe(false);
    expect((claim as ClaimedShard).isLost).toBe(true);
  });

  it('records deletions that arrive during a save with one more save, and drops none', async () => {
    const { claim, store } = await claimed();
    const shard = claim as ClaimedShard;
    const saves = jest.spyOn(store, 'replace');

    const noted = await Promise.all(['a', 'b', 'c'].map((name) => shard.noteDeletion({ name, place: 'snapshot' })));
    await shard.noteDeletion({ name: 'd', place: 'version' });

    expect(noted).toEqual([true, true, true]);
    expect(saves).toHaveBeenCalledTimes(2);
    const { value } = (await store.read<ShardState>(NAME))!;
    expect(value.deleting?.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not let a process delete after it has lost the shard', async () => {
    const { claim, store } = await claimed();
    await store.replace(NAME, (await store.read(NAME))!);

    expect(await (claim as ClaimedShard).noteDeletion({ name: 'a', place: 'snapshot' })).toBe(false);
  });

  it('permits a deletion only if its record was saved, also after a failed save', async () => {
    const { claim, store } = await claimed();
    const shard = claim as ClaimedShard;
    const failing = jest.spyOn(store, 'replace').mockRejectedValueOnce(new Error('busy'));

    const [first, second] = await Promise.allSettled(
      ['a', 'b'].map((name) => shard.noteDeletion({ name, place: 'snapshot' })),
    );
    const third = await shard.noteDeletion({ name: 'c', place: 'snapshot' });
    failing.mockRestore();

    expect([first?.status, second?.status, third]).toEqual(['rejected', 'rejected', true]);
    expect((await store.read<ShardState>(NAME))?.value.deleting?.map(({ name }) => name)).toEqual(['c']);
  });
});

describe('the failures of a shard', () => {
  const failure = (name: string): ObjectFailure => ({ source: 'blobs scans', name, outcome: 'leased' });
  const named = async (store: MemoryStore): Promise<string[]> => {
    const names: string[] = [];
    for await (const { name } of notedFailures(store, 'job/1/work')) names.push(name);
    return names;
  };

  it('come from the process that saved the page, even if another process reports the same page late', async () => {
    const { claim, store } = await claimed();
    const [slow, quick] = [claim as ClaimedShard, (await takenOver(claim as ClaimedShard, store)) as ClaimedShard];
    await slow.noteFailures([failure('early')]);

    await quick.noteFailures([failure('one')]);
    await quick.save({ seen: 5 });
    await quick.noteFailures([]);
    await quick.save({ seen: 10 });
    await slow.noteFailures([failure('late')]);
    expect(await slow.save({ seen: 5 })).toBe(false);

    expect(await named(store)).toEqual(['one']);
  });

  it('come from the saved attempt if a page is done again', async () => {
    const { claim, store } = await claimed();
    const shard = claim as ClaimedShard;
    await shard.noteFailures([failure('first'), failure('second')]);
    expect(await named(store)).toEqual([]);

    await shard.noteFailures([]);
    await shard.save({ seen: 5 });

    expect(await named(store)).toEqual([]);
  });

  it('are limited to what a report needs', async () => {
    const { claim, store } = await claimed();
    const shard = claim as ClaimedShard;
    for (let page = 0; page < 6; page += 1) {
      await shard.noteFailures(Array.from({ length: 300 }, (_, at) => failure(`${page}-${at}`)));
      await shard.save({ seen: (page + 1) * 300 });
    }

    expect(await named(store)).toHaveLength(1200);
  });

  it.each([
    ['no page', [], 0, 0, null],
    ['pages of an earlier version', [], 10, 5, 0],
    ['the first page', [{ number: 1, from: 0 }], 5, 0, 1],
    ['a page that is not saved', [{ number: 1, from: 0 }], 5, 5, null],
    [
      'a page that the first attempt saved',
      [
        { number: 1, from: 0 },
        { number: 3, from: 5 },
      ],
      10,
      4,
      1,
    ],
    [
      'the page with which the next attempt began',
      [
        { number: 1, from: 0 },
        { number: 3, from: 5 },
      ],
      10,
      5,
      3,
    ],
    ['a page that was saved before attempts were counted', [{ number: 1, from: 5 }], 10, 4, 0],
  ])('belong to the right attempt for %s', (_what, attempts, seen, before, expected) => {
    const none = newShard({ source: 0 });
    expect(attemptAt({ ...none, seen, ...(attempts.length === 0 ? {} : { attempts }) }, before)).toBe(expected);
  });

  it('belong to consecutively numbered attempts, of which only those that saved a page are kept', () => {
    let shard: ShardState = newShard({ source: 0 });
    for (const seen of [0, 0, 5, 5, 9]) shard = { ...shard, seen, attempts: withAttempt({ ...shard, seen }) };

    expect(shard.attempts).toEqual([
      { number: 2, from: 0 },
      { number: 4, from: 5 },
      { number: 5, from: 9 },
    ]);
  });
});
