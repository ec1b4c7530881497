import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { jest } from '@jest/globals';
import { ReceivedForm } from '../../../../src/nest/files/received-form.js';

/** The state of a promise so far. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const pending = Symbol('pending');
  return Promise.race([promise, Promise.resolve(pending)]).then(
    (value) => (value === pending ? 'waits' : 'stored'),
    () => 'refused',
  );
}

describe('a form', () => {
  it('stores its files once the last part has arrived and every file has been read', async () => {
    const form = new ReceivedForm();
    form.begin();
    form.begin();
    const first = form.end();
    form.complete();

    expect(await stateOf(first)).toBe('waits');
    const second = form.end();

    await Promise.all([first, second]);
    expect(form.signal.aborted).toBe(false);
  });

  it('waits for the last part even if every file has been read', async () => {
    const form = new ReceivedForm();
    form.begin();
    const file = form.end();

    expect(await stateOf(file)).toBe('waits');
    form.complete();

    await file;
  });

  it('rejects all files if one of them fails, whether received or not', async () => {
    for (const isReceived of [true, false]) {
      const form = new ReceivedForm();
      form.begin();
      form.begin();
      const first = form.end();
      if (isReceived) form.complete();
      form.fail();

      await expect(first).rejects.toThrow();
      expect(form.signal.aborted).toBe(true);
    }
  });

  it('does not abort a commit in progress, because the service may have completed it already', async () => {
    const form = new ReceivedForm();
    form.begin();
    form.complete();
    await form.end();

    form.fail();

    expect(form.signal.aborted).toBe(false);
  });
});

describe('a request that makes no progress', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  const request = () => new PassThrough() as unknown as IncomingMessage;

  it('fails its form once all files of the form have been read', async () => {
    const body = request();
    body.pause();
    const form = ReceivedForm.of(body);
    form.begin();
    const file = form.end();

    jest.advanceTimersByTime(5_000);
    expect(await stateOf(file)).toBe('waits');
    jest.advanceTimersByTime(5_000);

    await expect(file).rejects.toThrow();
  });

  it('does not fail while a file is read, however slowly', () => {
    const body = request();
    body.pause();
    const form = ReceivedForm.of(body);
    form.begin();

    jest.advanceTimersByTime(600_000);

    expect(form.signal.aborted).toBe(false);
  });

  it('is no longer watched when it has ended', () => {
    const body = request();
    ReceivedForm.of(body);
    body.emit('close');

    expect(jest.getTimerCount()).toBe(0);
  });
});
