import { inspectEnvelope } from '../../../src/inspect/stored-envelope.js';

describe('encryption data that somebody planted', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  it.each([
    ['a list', nested(900), 'a list'],
    ['an object', `{"a":${nested(900)}}`, 'an object'],
    ['nothing', 'null', 'null'],
    ['a truth value', 'true', 'true'],
  ])('is told by its kind where a key id is %s', (_what, keyId, told) => {
    const { facts, anomalies } = inspectEnvelope(`{"WrappedContentKey":{"KeyId":${keyId}}}`, 'message');

    expect(facts['keyId']).toBe(told);
    expect(anomalies.map(({ code }) => code)).toEqual(['ENCRYPTION_DATA_INVALID']);
  });

  it('is not looked into where it is nested too deeply', () => {
    const { facts, anomalies } = inspectEnvelope(`{"WrappedContentKey":{"KeyId":${nested(15_000)}}}`, 'message');

    expect(facts).not.toHaveProperty('keyId');
    expect(anomalies.map(({ code }) => code)).toEqual(['ENCRYPTION_DATA_UNREADABLE']);
  });
});
