/** How a source is divided into shards while its listing changes, and a run that lost part of its state. */
import { DONE } from '../../../src/envelope/maintenance/outcome.js';
import type {
  Maintained,
  MaintainedObject,
  MaintainedPage,
  WalkOptions,
} from '../../../src/envelope/maintenance/maintained.js';
import { MaintenancePass } from '../../../src/maintenance/pass.js';
import { planShards } from '../../../src/maintenance/plan.js';
import type { ShardState } from '../../../src/maintenance/shard.js';
import { MemoryStore } from '../../../src/maintenance/state-store.js';

/** A listing of names in pages of two, whose continuation is the first name of the next page, as the service's is. */
class Names implements Maintained {
  readonly kind = 'blobs';
  readonly name = 'names';
  readonly isDivisible = true;
  readonly done: string[] = [];

  constructor(public names: readonly string[]) {}

  async *pages({ from = '' }: WalkOptions): AsyncGenerator<MaintainedPage> {
    const rest = this.names.filter((name) => name >= from);
    for (let at = 0; at < rest.length || at === 0; at += 2) {
      const objects = rest
        .slice(at, at + 2)
        .map((name) => ({ name, place: 'current', state: { kind: 'plain' } }) as const);
      const next = rest[at + 2];
      yield { objects, ...(next === undefined ? {} : { next }) };
    }
  }

  readonly taskFor = <Task>(task: Task): Task => task;
  readonly act = (objects: readonly MaintainedObject[]) => {
    this.done.push(...objects.map(({ name }) => name));
    return Promise.resolve(objects.map(() => DONE));
  };
}

const ALL = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const planOf = (store: MemoryStore, source: Names) =>
  planShards({ store, folder: 'job/1/work', sources: [source], everything: false, pagesPerShard: 1 });
const passOf = (store: MemoryStore, source: Names) =>
  new MaintenancePass({
    ...{
      job: 'plan',
      kind: 'work',
      task: { do: 'reencrypt', when: { plaintext: true } },
      sources: [source],
      store,
      folder: 'job/1/work',
    },
    options: { pagesPerShard: 1 },
  });

describe('a plan', () => {
  it('leaves no gap if the listing changes between an interruption and its resumption', async () => {
    const [store, source] = [new MemoryStore(), new Names(ALL)];
    await planOf(store, source).next();
    // the next boundary would be after "d", and the first shard ends before "c"
    source.names = ALL.filter((name) => name !== 'b');

    await passOf(store, source).run();

    expect([...new Set(source.done)].sort()).toEqual(source.names);
  });

  it('leaves no gap if two processes plan at once and see different listings', async () => {
    const store = new MemoryStore();
    const [early, late] = [new Names(ALL), new Names(ALL.slice(1))];
    // the plan was begun by a process that ended at once
    await store.create('job/1/work/plan.json', { done: false, startedAt: '', source: 0, next: 0 });
    const [first, second] = [planOf(store, early), planOf(store, late)];
    // one stores the shard, and the other one saves the plan first
    await Promise.all([first.next(), second.next()]);
    while ((await second.next()).done !== true);
    while ((await first.next()).done !== true);

    await passOf(store, late).run();

    expect([...new Set(late.done)].sort()).toEqual(late.names);
  });
});

describe('a run that lost a document of its state', () => {
  it('makes no report, because the counts in that document would be missing', async () => {
    const [store, source] = [new MemoryStore(), new Names(ALL)];
    await passOf(store, source).run();
    expect((await passOf(store, source).totals()).seen).toBe(ALL.length);

    const { list } = store;
    store.list = async function* (prefix) {
      for await (const document of list.call(store, prefix))
        if (!document.name.endsWith('/0000000.json')) yield document;
    };
    await expect(passOf(store, source).totals()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('makes no report while a shard is not done', async () => {
    const [store, source] = [new MemoryStore(), new Names(ALL)];
    const plan = planOf(store, source);
    while ((await plan.next()).done !== true);

    await expect(passOf(store, source).totals()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect((await store.read<ShardState>('job/1/work/shards/0000000.json'))?.value.nextFrom).toBe('c');
  });
});
