import { ReceivedForm } from '../../../../src/nest/files/received-form.js';

/** What has happened to a promise so far. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const pending = Symbol('pending');
  return Promise.race([promise, Promise.resolve(pending)]).then(
    (value) => (value === pending ? 'waits' : 'stored'),
    () => 'refused',
  );
}

describe('a form', () => {
  it('stores its files when the last part is there and every file has been read', async () => {
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

  it('waits for the last part when every file has been read', async () => {
    const form = new ReceivedForm();
    form.begin();
    const file = form.end();

    expect(await stateOf(file)).toBe('waits');
    form.complete();

    await file;
  });

  it('refuses all files when one of them fails, received or not', async () => {
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

  it('does not abort what is being made visible, because the service may have done it already', async () => {
    const form = new ReceivedForm();
    form.begin();
    form.complete();
    await form.end();

    form.fail();

    expect(form.signal.aborted).toBe(false);
  });
});
