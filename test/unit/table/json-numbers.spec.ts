import { numbersIn } from '../../../src/table/merge/json-numbers.js';

describe('the numbers of an answer', () => {
  it('keep their spelling', () => {
    const text = '{"a":3,"b":3.0,"c":-1e-7,"d":"4","e":true,"f":null,"g@odata.type":"Edm.Int64","g":"5", "h" : 1E+21}';

    expect([...numbersIn(text)]).toEqual([
      ['a', '3'],
      ['b', '3.0'],
      ['c', '-1e-7'],
      ['h', '1E+21'],
    ]);
  });

  it('are not looked for in texts', () => {
    const text = JSON.stringify({ a: '","x":1.0,"', 'b"\\': 2, c: '\\', d: 3, ü: 4 });

    expect([...numbersIn(text)]).toEqual([
      ['b"\\', '2'],
      ['d', '3'],
      ['ü', '4'],
    ]);
  });
});
