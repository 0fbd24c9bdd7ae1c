import { expect, test } from 'vitest';
import { compilePattern } from '../../src/config/ticketPattern.ts';
import { ticketExample } from '../../src/domain/ticketExample.ts';

const exampleOf = (source: string) => {
  const pattern = compilePattern(source);
  if (!('test' in pattern)) throw new Error(pattern.problem);
  return ticketExample(pattern);
};

test.each([
  ['^INC-[0-9]+$', 'INC-1234'],
  ['^INC-\\d+$', 'INC-1234'],
  ['^(?:OPS|INC)-\\d{3,6}$', 'OPS-123'],
  ['[A-Z]{2,5}-[1-9][0-9]*', 'AB-11234'],
  ['^[a-z]+/[a-z]+#\\d+$', 'a/a#1234'],
  ['^CHG\\d{7}$', 'CHG1234567'],
  ['(?i:jira)-?\\d', 'jira-1'],
  ['^#[^x]\\w.$', '#AAA'],
  ['\\bT[_.]\\.5\\b', 'T_.5'],
  ['^X\\d*$', 'X1234'],
])('an example for %s is %s', (source, example) => {
  expect(exampleOf(source)).toBe(example);
});

test.each([
  ['it would be too long', '^A{41}$'],
  ['it would have a space', '^A 1$'],
  ['it would be empty', '^$'],
  ['what was made of it does not match', '^[xA-Z]B*[^A-Z]$'],
])('there is no example if %s', (_why, source) => {
  expect(exampleOf(source)).toBeNull();
});
