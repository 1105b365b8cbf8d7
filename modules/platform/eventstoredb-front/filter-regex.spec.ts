import { describe, expect, it } from '@jest/globals';
import { filterRegex } from './filter-regex.js';

describe('filterRegex', () => {
  it.each([
    ['^order-', 'order-1', 'an-order-1'],
    ['^(?!(\\$.+$|PersistentConfig\\d+$))', 'OrderPlaced', '$metadata'],
    ['^(?!(\\$.+$|PersistentConfig\\d+$))', 'PersistentConfigX', 'PersistentConfig1'],
    ['^(?!a)[^b]', 'c', 'a'],
    ['^(?!a)[^b]', 'cb', 'b'],
    ['^(?=.*x)(?!.*y).*z$', 'axz', 'axyz'],
    ['^(?![)|a]|\\)b).', 'b', ')'],
    ['^(?!a)(b|c)$', 'c', 'a'],
    ['a|^b', 'xa', 'xb'],
  ])('%s takes %s and not %s', (pattern, taken, left) => {
    const test = filterRegex(pattern);
    expect([test(taken), test(left)]).toEqual([true, false]);
  });

  it.each(['a(?!b)', '^(?!a)b|c', '^(?!a)*b', '^(?!a', '^(?!(?=a)b)', '(a)\\1'])('refuses %s', (pattern) => {
    expect(() => filterRegex(pattern)).toThrow(SyntaxError);
  });
});
