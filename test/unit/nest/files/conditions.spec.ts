/** Tables of RFC 9110, chapter 13. */
import { judgeRead, type Judgement, rangeApplies, type RequestHeaders } from '../../../../src/nest/files/conditions.js';

const NOW = 'Sun, 01 Nov 2026 12:00:00 GMT';
const BEFORE = 'Sun, 01 Nov 2026 11:59:59 GMT';
const AFTER = 'Sun, 01 Nov 2026 12:00:01 GMT';
const ETAG = '"0x8DE1"';
/** Storage keeps fractions of a second, which headers do not show. */
const current = { etag: ETAG, lastModified: new Date(Date.parse(NOW) + 400) };

describe('judgeRead', () => {
  it.each<[RequestHeaders, Judgement]>([
    [{}, 'content'],
    // 13.1.1
    [{ 'if-match': ETAG }, 'content'],
    [{ 'if-match': '*' }, 'content'],
    [{ 'if-match': `"a", ${ETAG} ,"b"` }, 'content'],
    [{ 'if-match': '"0x8DE2"' }, 'failed'],
    [{ 'if-match': `W/${ETAG}` }, 'failed'],
    [{ 'if-match': '' }, 'failed'],
    [{ 'if-match': '0x8DE1' }, 'failed'],
    // 13.1.2
    [{ 'if-none-match': ETAG }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': `W/${ETAG}` }, 'not-modified'],
    [{ 'if-none-match': `"a", ${ETAG}` }, 'not-modified'],
    [{ 'if-none-match': '"0x8DE2"' }, 'content'],
    [{ 'if-none-match': '0x8DE1' }, 'content'],
    [{ 'if-none-match': ETAG, 'cache-control': 'no-cache' }, 'not-modified'],
    // 13.1.3
    [{ 'if-modified-since': NOW }, 'not-modified'],
    [{ 'if-modified-since': AFTER }, 'not-modified'],
    [{ 'if-modified-since': BEFORE }, 'content'],
    [{ 'if-modified-since': 'yesterday' }, 'content'],
    // 13.1.4
    [{ 'if-unmodified-since': NOW }, 'content'],
    [{ 'if-unmodified-since': AFTER }, 'content'],
    [{ 'if-unmodified-since': BEFORE }, 'failed'],
    [{ 'if-unmodified-since': 'yesterday' }, 'content'],
    // 13.2.2: precedence
    [{ 'if-match': ETAG, 'if-unmodified-since': BEFORE }, 'content'],
    [{ 'if-match': '"other"', 'if-none-match': ETAG }, 'failed'],
    [{ 'if-match': ETAG, 'if-none-match': ETAG }, 'not-modified'],
    [{ 'if-none-match': '"other"', 'if-modified-since': NOW }, 'content'],
    [{ 'if-none-match': ETAG, 'if-modified-since': BEFORE }, 'not-modified'],
  ])('%j is %s', (headers, judgement) => {
    expect(judgeRead(headers, current)).toBe(judgement);
  });

  it('ignores dates if the service returned none', () => {
    expect(judgeRead({ 'if-unmodified-since': BEFORE }, { etag: ETAG })).toBe('content');
    expect(judgeRead({ 'if-modified-since': AFTER }, { etag: ETAG })).toBe('content');
  });
});

describe('rangeApplies (13.1.5)', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, true],
    [ETAG, true],
    [` ${ETAG} `, true],
    [`W/${ETAG}`, false],
    ['"other"', false],
    [`"other", ${ETAG}`, false],
    ['*', false],
    [NOW, false],
  ])('If-Range: %s is %s', (ifRange, applies) => {
    expect(rangeApplies({ 'if-range': ifRange }, current)).toBe(applies);
  });

  it('does not trust a weak ETag', () => {
    expect(rangeApplies({ 'if-range': `W/${ETAG}` }, { etag: `W/${ETAG}` })).toBe(false);
    expect(judgeRead({ 'if-match': `W/${ETAG}` }, { etag: `W/${ETAG}` })).toBe('failed');
  });
});
