import { numbersIn } from '../../../src/table/merge/json-numbers.js';

describe('the numbers in a response', () => {
  it('keep their spelling', () => {
    const text = '{"a":3,"b":3.0,"c":-1e-7,"d":"4","e":true,"f":null,"g@odata.type":"Edm.Int64","g":"5", "h" : 1E+21}';

    expect([...numbersIn(text)]).toEqual([
      ['a', '3'],
      ['b', '3.0'],
      ['c', '-1e-7'],
      ['h', '1E+21'],
    ]);
  });

  it('are not searched for in strings', () => {
    const text = JSON.stringify({ a: '","x":1.0,"', 'b"\\': 2, c: '\\', d: 3, ü: 4 });

    expect([...numbersIn(text)]).toEqual([
      ['b"\\', '2'],
      ['d', '3'],
      ['ü', '4'],
    ]);
  });

  it('are not searched for in nested lists and objects', () => {
    expect([...numbersIn('{"a":[1,{"b":2.0}],"c":{"d":3},"e":4.0,"a":5}')]).toEqual([
      ['e', '4.0'],
      ['a', '5'],
    ]);
  });

  it.each(['', '{', '"', '{"a":"\\', '{"a', '[1]', '{"a":-}', '}}{"a":1'])('cause no error in %j', (text) => {
    expect(() => numbersIn(text)).not.toThrow();
  });

  it.each([
    ['escaped quotes', `{"a":["${'\\"'.repeat(2_000_000)}"]}`],
    ['quotes', `{"a":1.0${'"'.repeat(2_000_000)}`],
    ['an unterminated string of backslashes', `{"a":"${'\\'.repeat(4_000_001)}`],
    ['digits', `{"a":${'1'.repeat(4_000_000)}x}`],
    ['brackets', `{"a":${'['.repeat(4_000_000)}`],
  ])('are found in one pass, whatever a service returns: %s', (_what, text) => {
    const start = process.cpuUsage();

    numbersIn(text);

    // quadratic time would take hours
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(10);
  });
});
