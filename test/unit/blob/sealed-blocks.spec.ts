import { setImmediate as nextTurn } from 'node:timers/promises';
import { BlockMemory } from '../../../src/blob/block-memory.js';
import { type BlockSending, SealedBlocks } from '../../../src/blob/sealed-blocks.js';

const BLOCK_LENGTH = 4;
const OWN_MEMORY = { memory: new BlockMemory(), keptMemory: 0 };

/** Blocks whose sends finish when the test decides. */
function blocksOf(concurrency: number, memory: Pick<BlockSending, 'memory' | 'keptMemory'> = OWN_MEMORY) {
  const pending: { readonly index: number; readonly end: (error?: Error) => void }[] = [];
  const completed: string[] = [];
  const sent: string[] = [];
  const blocks = new SealedBlocks({
    blockLength: BLOCK_LENGTH,
    concurrency,
    ...memory,
    complete: (block) => {
      completed.push(block.toString());
      return Promise.resolve(block);
    },
    send: (block, index) => {
      sent.push(block.toString());
      return new Promise((resolve, reject) => {
        pending.push({
          index,
          end: (error) => {
            if (error === undefined) resolve();
            else reject(error);
          },
        });
      });
    },
  });
  return { blocks, pending, completed, sent };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
};

describe('sealed blocks', () => {
  it.each([1, 2, 5])('are prepared at most one ahead of the %d that are being sent', async (concurrency) => {
    const { blocks, pending, completed, sent } = blocksOf(concurrency);
    let written = 0;
    const writing = (async () => {
      for (let count = 0; count < concurrency + 3; count++) {
        await blocks.write(Buffer.alloc(BLOCK_LENGTH, String(count)));
        written += 1;
      }
    })();
    await settled();

    expect(sent).toHaveLength(concurrency);
    expect(completed).toHaveLength(concurrency + 1);
    expect(written).toBe(concurrency + 1);

    pending.shift()?.end();
    await settled();

    expect(sent).toHaveLength(concurrency + 1);

    const finished = writing.then(() => blocks.finish());
    while (sent.length < concurrency + 3 || pending.length > 0) {
      pending.shift()?.end();
      await settled();
    }
    await finished;

    expect(sent).toEqual(Array.from({ length: concurrency + 3 }, (_, count) => String(count).repeat(BLOCK_LENGTH)));
  });

  it('reuse memory only after it was sent', async () => {
    const { blocks, pending } = blocksOf(2);
    const first = await blocks.open();
    await blocks.write(Buffer.from('aaaabbbbc'));

    expect((await blocks.open()).buffer).not.toBe(first.buffer);

    pending.shift()?.end();
    await settled();
    await blocks.write(Buffer.from('cccd'));

    expect((await blocks.open()).buffer).toBe(first.buffer);
  });

  it('stop when one cannot be prepared', async () => {
    const blocks = new SealedBlocks({
      blockLength: BLOCK_LENGTH,
      concurrency: 1,
      ...OWN_MEMORY,
      complete: (block) =>
        block.toString() === 'bbbb' ? Promise.reject(new Error('sealing')) : Promise.resolve(block),
      send: () => Promise.resolve(),
    });

    await expect(blocks.write(Buffer.from('aaaabbbbccccddddeeee'))).rejects.toThrow('sealing');
    await expect(blocks.finish()).rejects.toThrow('sealing');
  });

  it('leave no unhandled rejection if a block cannot be prepared after another one failed', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', listen);
    let fail = (): void => undefined;
    const blocks = new SealedBlocks({
      blockLength: BLOCK_LENGTH,
      concurrency: 1,
      ...OWN_MEMORY,
      complete: (block) =>
        block.toString() === 'bbbb' ? Promise.reject(new Error('sealing')) : Promise.resolve(block),
      send: () =>
        new Promise((_resolve, reject) => {
          fail = () => {
            reject(new Error('sending'));
          };
        }),
    });
    const writing = blocks.write(Buffer.from('aaaabbbbc'));
    await settled();
    fail();

    await expect(writing).rejects.toThrow('sending');
    await settled();
    process.off('unhandledRejection', listen);

    expect(unhandled).toEqual([]);
  });

  it('stop at the first failure, and report it again at the end', async () => {
    const { blocks, pending, sent } = blocksOf(2);
    await blocks.write(Buffer.from('aaaabbbbc'));
    const writing = blocks.write(Buffer.from('cccd'));
    expect(pending).toHaveLength(2);

    pending[0]?.end(new Error('refused'));

    await expect(writing).rejects.toThrow('refused');
    pending[1]?.end();

    await expect(blocks.finish()).rejects.toThrow('refused');
    expect(sent).toEqual(['aaaa', 'bbbb']);
  });

  it('return each buffer once when they are released, and none that is still being sent', async () => {
    const given: unknown[] = [];
    const memory = {
      take: (length: number) => Buffer.alloc(length),
      give: ({ buffer }: Buffer) => void given.push(buffer),
    };
    const { blocks, pending } = blocksOf(2, { memory, keptMemory: 1 });
    await blocks.write(Buffer.from('aaaabbbbc'));
    expect(given).toEqual([]);
    const finished = blocks.finish();
    while (pending.length > 0) {
      pending.shift()?.end();
      await settled();
    }
    await finished;

    blocks.release(null);
    blocks.release(null);

    expect(new Set(given).size).toBe(given.length);
    expect(given.length).toBeGreaterThan(1);
  });
});
