import { inspectEnvelope } from '../../../src/inspect/stored-envelope.js';

describe('planted encryption data', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  it.each([
    ['a list', nested(900), 'a list'],
    ['an object', `{"a":${nested(900)}}`, 'an object'],
    ['nothing', 'null', 'null'],
    ['a boolean', 'true', 'true'],
  ])('is described by its type if the key id is %s', (_what, keyId, described) => {
    const { facts, anomalies } = inspectEnvelope(`{"WrappedContentKey":{"KeyId":${keyId}}}`, 'message');

    expect(facts['keyId']).toBe(described);
    expect(anomalies.map(({ code }) => code)).toEqual(['ENCRYPTION_DATA_INVALID']);
  });

  it('is not parsed if it is nested too deeply', () => {
    const { facts, anomalies } = inspectEnvelope(`{"WrappedContentKey":{"KeyId":${nested(15_000)}}}`, 'message');

    expect(facts).not.toHaveProperty('keyId');
    expect(anomalies.map(({ code }) => code)).toEqual(['ENCRYPTION_DATA_UNREADABLE']);
  });
});
