import { jsonText, tracedJson } from '../../../src/queue/json-text.js';

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

describe('jsonText', () => {
  it.each([
    [{ patient: 'jane', nested: [1, null] }, '{"patient":"jane","nested":[1,null]}'],
    ['text', '"text"'],
    [0, '0'],
    [null, 'null'],
    [[1], '[1]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ])('writes %j as JSON.stringify does, without a trace', (value, text) => {
    expect(jsonText(value, {})).toBe(text);
  });

  it.each([
    ['it to an object', { patient: 'jane' }, `{"traceparent":"${traceparent}","tracestate":"v=1","patient":"jane"}`],
    ['nothing to a list', [1], '[1]'],
    ['nothing to a string', 'text', '"text"'],
    ['nothing to an object with its own JSON form', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [
      'nothing to a value that has these members',
      { traceparent: 'mine', tracestate: 1 },
      '{"traceparent":"mine","tracestate":1}',
    ],
  ])('given a trace, adds %s', (_what, value, text) => {
    expect(jsonText(value, { traceparent, tracestate: 'v=1' })).toBe(text);
  });

  it('rejects what JSON cannot represent, without quoting it', () => {
    const circle: Record<string, unknown> = { secretName: 1 };
    circle['secretName'] = circle;

    for (const value of [undefined, () => 1, Symbol('a'), circle, 1n]) {
      expect(() => jsonText(value, {})).toThrow(code('UNSUPPORTED_VALUE') as Error);
      expect(() => jsonText(value, {})).not.toThrow(/secretName/);
    }
  });
});

describe('tracedJson', () => {
  const read = (value: unknown) => tracedJson(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

  it('removes the trace from an object', () => {
    expect(read({ traceparent, tracestate: 'v=1', patient: 'jane' })).toEqual({
      headers: { traceparent, tracestate: 'v=1' },
      value: { patient: 'jane' },
    });
    expect(read({ traceparent, tracestate: 7 })).toEqual({ headers: { traceparent }, value: {} });
  });

  it.each([
    ['an object without one', { patient: 'jane' }],
    ['a list', [{ traceparent }]],
    ['a text', '"traceparent"'],
    ['what is not JSON', `{"traceparent":"${traceparent}"`],
    ['a trace in another format', { traceparent: 'mine' }],
    ['a trace that is too long', { traceparent: `${traceparent}0` }],
    ['a number', { traceparent: 7 }],
    ['nothing', ''],
  ])('finds none in %s', (_what, value) => {
    expect(read(value)).toBeUndefined();
  });

  it('reads what jsonText writes', () => {
    const value = { patient: 'jane', list: [1] };

    expect(tracedJson(Buffer.from(jsonText(value, { traceparent })))).toEqual({ headers: { traceparent }, value });
  });
});
