import { jest } from '@jest/globals';
import { ClaimedShard, claimShard } from '../../../src/maintenance/claimed-shard.js';
import { factsOf, newShard, type ShardState } from '../../../src/maintenance/shard.js';
import { MemoryStore } from '../../../src/maintenance/state-store.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const CLAIM = 30;

async function claimed(store = new MemoryStore(), worker = 'mine', clock = new ManualClock()) {
  const shard = newShard({ source: 0 });
  await store.create('shard', shard, factsOf(shard));
  const stored = await store.read<ShardState>('shard');
  const found = { name: 'shard', stored: stored! };
  const claim = await claimShard(found, { store, clock, worker, claimSeconds: CLAIM }, true);
  return { claim, store, clock };
}

describe('a shard', () => {
  it('is left alone while another process says that it is at it', async () => {
    const { store } = await claimed();

    expect((await claimed(store, 'theirs')).claim).toBe('taken');
  });

  it('is free once its process has let go of it', async () => {
    const { claim, store } = await claimed();
    await (claim as ClaimedShard).release();

    expect((await claimed(store, 'theirs')).claim).toBeInstanceOf(ClaimedShard);
  });

  it('keeps no timer after its end, also where a save was under way then', async () => {
    const { claim, clock } = await claimed();
    const shard = claim as ClaimedShard;
    shard.startBeating();
    const beating = clock.advance(CLAIM / 3);
    shard.stopBeating();
    await beating;
    await settled();
    expect(clock.waiting).toBe(0);

    shard.startBeating();
    // the beat begins, and its save is not answered yet
    clock.jump(CLAIM / 3);
    const due = clock.advance(0);
    await Promise.resolve();
    shard.stopBeating();
    await due;
    await settled();
    expect(clock.waiting).toBe(0);
  });

  it('whose process lost it is not saved any more', async () => {
    const { claim, store } = await claimed();
    const stored = await store.read('shard');
    await store.replace('shard', stored!);

    expect(await (claim as ClaimedShard).save({ seen: 1 })).toBe(false);
    expect((claim as ClaimedShard).isLost).toBe(true);
  });

  it('notes deletions that come while it is saved in one save more, and drops none', async () => {
    const { claim, store } = await claimed();
    const shard = claim as ClaimedShard;
    const saves = jest.spyOn(store, 'replace');

    const noted = await Promise.all(['a', 'b', 'c'].map((name) => shard.noteDeletion({ name, place: 'snapshot' })));
    await shard.noteDeletion({ name: 'd', place: 'version' });

    expect(noted).toEqual([true, true, true]);
    expect(saves).toHaveBeenCalledTimes(2);
    const { value } = (await store.read<ShardState>('shard'))!;
    expect(value.deleting?.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not let a process delete that has lost it', async () => {
    const { claim, store } = await claimed();
    await store.replace('shard', (await store.read('shard'))!);

    expect(await (claim as ClaimedShard).noteDeletion({ name: 'a', place: 'snapshot' })).toBe(false);
  });

  it('lets no one delete whose note was not saved, and everyone after that whose note is', async () => {
    const { claim, store } = await claimed();
    const shard = claim as ClaimedShard;
    const failing = jest.spyOn(store, 'replace').mockRejectedValueOnce(new Error('busy'));

    const [first, second] = await Promise.allSettled(
      ['a', 'b'].map((name) => shard.noteDeletion({ name, place: 'snapshot' })),
    );
    const third = await shard.noteDeletion({ name: 'c', place: 'snapshot' });
    failing.mockRestore();

    expect([first?.status, second?.status, third]).toEqual(['rejected', 'rejected', true]);
    expect((await store.read<ShardState>('shard'))?.value.deleting?.map(({ name }) => name)).toEqual(['c']);
  });
});
