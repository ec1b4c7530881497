import { inspectEnvelope } from '../../../src/inspect/stored-envelope.js';

describe('encryption data that somebody planted', () => {
  const deep = '['.repeat(15_000) + ']'.repeat(15_000);

  it.each([
    ['a list, however deep', deep, 'a list'],
    ['an object, however deep', `{"a":${deep}}`, 'an object'],
    ['nothing', 'null', 'null'],
    ['a truth value', 'true', 'true'],
  ])('is told by its kind where a key id is %s', (_what, keyId, told) => {
    const { facts, anomalies } = inspectEnvelope(`{"WrappedContentKey":{"KeyId":${keyId}}}`, 'message');

    expect(facts['keyId']).toBe(told);
    expect(anomalies.map(({ code }) => code)).toEqual(['ENCRYPTION_DATA_INVALID']);
  });
});
