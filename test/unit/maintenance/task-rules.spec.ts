import { taskFaults } from '../../../src/maintenance/task-rules.js';

describe('a task', () => {
  it.each<[unknown]>([
    [{ do: 'census' }],
    [{ do: 'census', retire: [], tags: true }],
    [{ do: 'rewrap', retire: ['one'], verify: 'content' }],
    [{ do: 'rewrap', retire: { prefix: 'https://v/keys/k/', except: [] } }],
    [{ do: 'reencrypt', when: { plaintext: true }, verify: 'snapshot' }],
    [{ do: 'reencrypt', when: { keyIds: ['one'], protocols: ['1.0'], withoutIntegrity: true } }],
    [{ do: 'reencrypt', when: { foreign: true } }],
    [{ do: 'reindex' }],
  ])('%j is accepted', (task) => {
    expect(taskFaults(task)).toEqual([]);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /^"task.do" must be one of census, rewrap, reencrypt, deleteSuperseded, reindex$/],
    [{ do: 'rewrapp', retire: ['one'] }, /^"task.do" must be one of/],
    [{ do: 'toString' }, /^"task.do" must be one of/],
    [{ do: 'census', retires: ['one'] }, /^"task.retires" is not an option/],
    [{ do: 'rewrap' }, /^"task.retire" is missing$/],
    [{ do: 'rewrap', retire: [] }, /^"task.retire" must be a list that names at least one key$/],
    [{ do: 'rewrap', retire: 'one' }, /^"task.retire" must be a list of key ids/],
    [{ do: 'rewrap', retire: { prefix: 'one' } }, /^"task.retire" must be a list of key ids/],
    [{ do: 'rewrap', retire: ['one'], verify: 'seal' }, /^"task.verify" must be one of "wrap", "content"$/],
    [{ do: 'reencrypt' }, /^"task.when" is missing$/],
    [{ do: 'reencrypt', when: {} }, /^"task.when" must choose something$/],
    [{ do: 'reencrypt', when: { plaintxt: true } }, /^"task.when.plaintxt" is not an option/],
    [{ do: 'reencrypt', when: { protocols: '1.0' } }, /^"task.when.protocols" must be a list/],
    [{ do: 'deleteSuperseded', when: { foreign: true } }, /^"task.when.foreign" is not an option/],
    [{ do: 'reindex', retire: ['one'] }, /^"task.retire" is not an option/],
  ])('%j is rejected, because it would do nothing or something else', (task, fault) => {
    expect(taskFaults(task)).toEqual([expect.stringMatching(fault)]);
  });
});
