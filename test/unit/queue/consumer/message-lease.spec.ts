import type { QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import { MessageLease } from '../../../../src/queue/consumer/message-lease.js';
import { ManualClock, settled } from '../../../support/manual-clock.js';

const item = { messageId: 'm', popReceipt: 'first' } as ReceivedMessageItem;
const never = () => new Promise<never>(() => undefined);
const refused = (code: string, statusCode: number) => Object.assign(new Error(code), { code, statusCode });

interface Network {
  /** The outcome of an update: the response of the service, or none. */
  update: (popReceipt: string) => Promise<unknown>;
  delete: (popReceipt: string) => Promise<unknown>;
}

/** A lease of 40 seconds over a network that the test controls. It is lost one second before the service ends it. */
function leased(given: Partial<Network> = {}, visibilityTimeout = 40, earlyBy = 0) {
  let renewals = 0;
  const clock = new ManualClock(earlyBy);
  const network: Network = {
    update: async () => ({ popReceipt: `receipt ${(renewals += 1)}` }),
    delete: async () => undefined,
    ...given,
  };
  const asked: { readonly at: number; readonly popReceipt: string; readonly visibility?: number }[] = [];
  const reported: string[] = [];
  const queue = {
    updateMessage: (_id: string, popReceipt: string, _text: undefined, visibility: number) => {
      asked.push({ at: clock.now() / 1000, popReceipt, visibility });
      return network.update(popReceipt);
    },
    deleteMessage: (_id: string, popReceipt: string) => {
      asked.push({ at: clock.now() / 1000, popReceipt });
      return network.delete(popReceipt);
    },
  } as unknown as QueueClient;
  const lease = new MessageLease(queue, item, {
    clock,
    visibilityTimeout,
    receivedAt: clock.now(),
    onRenewalFailed: () => reported.push('renewalFailed'),
    onLost: () => reported.push('lost'),
  });
  return { clock, network, asked, reported, lease };
}

describe('the lease of a message', () => {
  it('is renewed after a third of its time, each time with the newest receipt', async () => {
    const { clock, asked, lease, reported } = leased();

    await clock.advance(40);

    expect(asked.map(({ at }) => Math.round(at))).toEqual([13, 27, 40]);
    expect(asked.map(({ popReceipt }) => popReceipt)).toEqual(['first', 'receipt 1', 'receipt 2']);
    expect(lease.signal.aborted).toBe(false);
    expect(reported).toEqual([]);
    await lease.stop();
    expect(clock.waiting).toBe(0);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is never answered', never],
    ['fails', () => Promise.reject(refused('ServerBusy', 503))],
  ])(
    'is renewed again if a renewal %s, and its signal is aborted before the message becomes visible',
    async (_how, update) => {
      const { clock, asked, lease, reported } = leased({ update });
      let abortedAt = 0;
      lease.signal.addEventListener('abort', () => (abortedAt = clock.now() / 1000));

      await clock.advance(38.9);
      expect(lease.signal.aborted).toBe(false);
      await clock.advance(0.2);

      expect(abortedAt).toBe(39);
      expect(lease.isLost).toBe(true);
      expect(asked.length).toBeGreaterThan(2);
      expect(reported.filter((kind) => kind === 'lost')).toHaveLength(1);
      expect(reported[0]).toBe('renewalFailed');
      const { length } = asked;
      await clock.advance(100);
      expect(asked).toHaveLength(length);
      expect(clock.waiting).toBe(0);
    },
  );

  it.each([
    [1, 0.75],
    [4, 3],
    [30, 29],
    [600, 588],
  ])('of %d seconds ends after %d seconds if nothing renews it', async (visibilityTimeout, end) => {
    const { clock, lease } = leased({ update: never }, visibilityTimeout);

    await clock.advance(end - 0.01);
    expect(lease.isLost).toBe(false);
    await clock.advance(0.01);
    expect(lease.isLost).toBe(true);
  });

  it('counts from the request of the renewal, not from its response', async () => {
    const { clock, network, lease } = leased();
    let answer: () => void = () => undefined;
    network.update = () => new Promise((resolve) => (answer = () => resolve({ popReceipt: 'late' })));
    await clock.advance(20);
    network.update = never;
    answer();
    await settled();

    await clock.advance(40 / 3 + 39 - 20 - 0.1);
    expect(lease.isLost).toBe(false);
    await clock.advance(0.2);
    expect(lease.isLost).toBe(true);
  });

  it('continues after an outage that was shorter than its time', async () => {
    const { clock, network, lease, reported } = leased();
    const { update } = network;
    network.update = never;
    await clock.advance(25);
    network.update = update;
    await clock.advance(100);

    expect(lease.signal.aborted).toBe(false);
    expect(reported).toContain('renewalFailed');
    expect(reported).not.toContain('lost');
    await lease.stop();
  });

  it('is lost even if its timer fires early, as timers of Node.js may', async () => {
    const { clock, lease } = leased({ update: never }, 40, 0.7);

    await clock.advance(39.1);

    expect(lease.signal.aborted).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  it('is lost by the clock even if its timer fires late', () => {
    const { clock, lease, reported } = leased();
    clock.jump(39);

    expect(lease.isLost).toBe(true);
    expect(lease.signal.aborted).toBe(true);
    expect(reported).toEqual(['lost']);
  });

  it.each([
    ['PopReceiptMismatch', 400],
    ['MessageNotFound', 404],
  ])('is lost at once if the service returns %s', async (code, status) => {
    const { clock, lease, reported } = leased({ update: () => Promise.reject(refused(code, status)) });

    await clock.advance(14);

    expect(lease.signal.aborted).toBe(true);
    expect(reported).toEqual(['lost']);
    expect(await lease.delete()).toBe(false);
    expect(clock.waiting).toBe(0);
  });

  it('is not released after its time, because the message becomes visible by itself', async () => {
    const { clock, network, asked, lease } = leased();
    network.update = never;
    await clock.advance(60);
    const { length } = asked;

    expect(await lease.release(0)).toBe(false);
    expect(asked).toHaveLength(length);
  });
});

describe('the deletion of a message', () => {
  it('is attempted even after the lease has ended, because nobody else may have received the message', async () => {
    const { clock, network, lease } = leased();
    network.update = never;
    await clock.advance(60);

    expect(await lease.delete()).toBe(true);
  });

  it('succeeds if the message is gone, because the response to a first attempt may have been lost', async () => {
    const { lease, reported } = leased({ delete: () => Promise.reject(refused('MessageNotFound', 404)) });

    expect(await lease.delete()).toBe(true);
    expect(reported).toEqual([]);
  });

  it('does not succeed if another consumer has the message', async () => {
    const { lease, reported } = leased({ delete: () => Promise.reject(refused('PopReceiptMismatch', 400)) });

    expect(await lease.delete()).toBe(false);
    expect(reported).toEqual(['lost']);
  });

  it.each(['delete', 'release'] as const)('%s gives up if it never gets a response', async (settle) => {
    const { clock, network, lease } = leased();
    network.update = never;
    network.delete = never;
    const settling = expect(settle === 'delete' ? lease.delete() : lease.release(5)).rejects.toMatchObject({
      name: 'TimeoutError',
    });

    await clock.advance(30);
    await settling;
    expect(clock.waiting).toBe(0);
  });

  it('waits for a renewal in progress, and uses its receipt', async () => {
    const { clock, network, asked, lease } = leased();
    let answer: () => void = () => undefined;
    network.update = () => new Promise((resolve) => (answer = () => resolve({ popReceipt: 'renewed' })));
    await clock.advance(15);
    const deleted = lease.delete();
    await settled();
    answer();

    expect(await deleted).toBe(true);
    expect(asked.at(-1)?.popReceipt).toBe('renewed');
    expect(clock.waiting).toBe(0);
  });
});
