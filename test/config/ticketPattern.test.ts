import { expect, test } from 'vitest';
import { compilePattern } from '../../src/config/ticketPattern.ts';
import { readDuration } from '../../src/domain/duration.ts';
import { checkForm } from '../../src/domain/form.ts';
import { HOUR, SECOND } from '../../src/domain/terms.ts';
import { aRole } from '../support/domain.ts';

/** The longest reason that is taken is one word of 1,000 letters. */
const LONGEST = 'a'.repeat(999);
const timed = (work: () => unknown) => {
  const before = performance.now();
  work();
  return performance.now() - before;
};
const compiled = (source: string) => {
  const pattern = compilePattern(source);
  if ('problem' in pattern) throw new Error(pattern.problem);
  return pattern;
};

test.each([
  '^(a+)+$',
  '^(a|aa)+$',
  '^(a|a)*$',
  '(a*)*b',
  '^(?:a?){500}a{500}$',
  '(?:[a-z]?){1000}!',
  '^((a+)*)*$',
  '([a-z]+)*-[0-9]+',
  '^(\\w+\\s?)*$',
  '(.*)*,(.*)*;',
])('K8.6 the pattern %s is answered in time on whatever is typed', (source) => {
  const role = aRole({ reason: { minLength: 1, ticket: compiled(source) } });
  const asked = { duration: HOUR, startsAt: null };
  for (const reason of [`${LONGEST}!`, '!'.repeat(1_000), 'a '.repeat(500), `${LONGEST}-`])
    expect(timed(() => checkForm(role, { ...asked, reason }, 0))).toBeLessThan(2 * SECOND);
});

test.each([
  ['(?=a)b', /looks ahead.*write it without/],
  ['(?<!a)b', /looks ahead.*write it without/],
  ['(a)\\1', /refers back.*write it without/],
  ['(?<n>a)\\k<n>', /write it without/],
  ['(', /no regular expression in RE2 syntax/],
  ['((a{100}){100}){100}', /no regular expression in RE2 syntax/],
  [Array.from({ length: 20 }, () => '(?:a?){900}').join(''), /too large/],
])('K8.6 the pattern %s is refused when the policy is read, with what to do', (source, problem) => {
  expect(compilePattern(source)).toEqual({ problem: expect.stringMatching(problem) });
});

test.each([
  ['^INC-[0-9]+$', 'INC-42', 'XINC-42'],
  ['^[A-Z]{2,10}-\\d+$', 'OPS-7', 'ops-7'],
  ['(?i)^(chg|inc)\\d{7}$', 'chg0012345', 'chg12'],
  ['^(?<project>[A-Z]+)-\\d+$', 'AB-1', 'AB'],
  ['\\u0041/\\d', 'see-A/1', 'A1'],
])('K8.6 the usual pattern %s means what it always meant', (source, fits, doesNot) => {
  expect([compiled(source).test(fits), compiled(source).test(doesNot)]).toEqual([true, false]);
  expect(compiled(source).source).toBe(source);
});

test('K8.6 a duration of 100,000 digits is none, at once', () => {
  expect(timed(() => expect(readDuration('9'.repeat(100_000))).toBeNull())).toBeLessThan(SECOND);
  expect(readDuration('1h 30 minutes')).toBe(1.5 * HOUR);
});
