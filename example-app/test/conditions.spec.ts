import { judge, rangeApplies } from '../src/http/conditions.js';

const current = { etag: '"a"', lastModified: new Date('2026-01-02T03:04:05.678Z') };
const THEN = 'Fri, 02 Jan 2026 03:04:05 GMT';
const BEFORE = 'Fri, 02 Jan 2026 03:04:04 GMT';

describe('a conditional request', () => {
  it.each([
    [{}, 'proceed', 'proceed'],
    [{ 'if-match': '"a"' }, 'proceed', 'proceed'],
    [{ 'if-match': '"b", "a"' }, 'proceed', 'proceed'],
    [{ 'if-match': '*' }, 'proceed', 'proceed'],
    [{ 'if-match': '"b"' }, 'failed', 'failed'],
    [{ 'if-match': 'W/"a"' }, 'failed', 'failed'],
    [{ 'if-none-match': '"a"' }, 'not-modified', 'failed'],
    [{ 'if-none-match': 'W/"a"' }, 'not-modified', 'failed'],
    [{ 'if-none-match': '"b", "a"' }, 'not-modified', 'failed'],
    [{ 'if-none-match': '*' }, 'not-modified', 'failed'],
    [{ 'if-none-match': '"b"' }, 'proceed', 'proceed'],
    [{ 'if-modified-since': THEN }, 'not-modified', 'proceed'],
    [{ 'if-modified-since': BEFORE }, 'proceed', 'proceed'],
    [{ 'if-modified-since': 'yesterday' }, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': THEN }, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': BEFORE }, 'failed', 'failed'],
    // the tag counts before the date
    [{ 'if-none-match': '"b"', 'if-modified-since': THEN }, 'proceed', 'proceed'],
    [{ 'if-match': '"a"', 'if-unmodified-since': BEFORE }, 'proceed', 'proceed'],
    [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 'not-modified', 'failed'],
  ])('%j is %s for a reader and %s for a writer', (headers, read, write) => {
    expect([judge(headers, current, 'read'), judge(headers, current, 'write')]).toEqual([read, write]);
  });

  it.each([
    [{ 'if-match': '*' }, 'failed'],
    [{ 'if-match': '"a"' }, 'failed'],
    [{ 'if-none-match': '*' }, 'proceed'],
    [{ 'if-unmodified-since': BEFORE }, 'proceed'],
  ])('%j on what does not exist is %s', (headers, judgement) => {
    expect(judge(headers, null, 'write')).toBe(judgement);
  });
});

describe('a weak tag', () => {
  const weak = { etag: 'W/"a"' };

  it('tells a reader that nothing changed', () => {
    expect(judge({ 'if-none-match': 'W/"a"' }, weak, 'read')).toBe('not-modified');
  });

  it('guards no writer and no range', () => {
    expect(judge({ 'if-match': 'W/"a"' }, weak, 'write')).toBe('failed');
    expect(rangeApplies({ 'if-range': 'W/"a"' }, weak)).toBe(false);
  });
});

describe('a range', () => {
  it.each([[undefined], ['"a"'], [THEN]])('applies under If-Range %s', (ifRange) => {
    expect(rangeApplies({ ...(ifRange === undefined ? {} : { 'if-range': ifRange }) }, current)).toBe(true);
  });

  it.each([['"b"'], ['W/"a"'], [BEFORE], ['']])('does not apply under If-Range %s', (ifRange) => {
    expect(rangeApplies({ 'if-range': ifRange }, current)).toBe(false);
  });
});
