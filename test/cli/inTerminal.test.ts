/** One sentence, and what each surface makes of it. */

import { expect, test } from 'vitest';
import { inTerminal } from '../../src/cli/inTerminal.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import { denialSentence } from '../../src/wording/decisions.ts';
import { capital, code, here, say, strong, time } from '../../src/wording/pieces.ts';
import { refusalSentence } from '../../src/wording/refusals.ts';

const sentence = say`${strong`Ana <!channel>`} has ${code('payments-db/read')} until ${time(0)}: “${'*now* '}& `
  .concat(say`\u001b[2J\u202e`)
  .concat(say`”`);

test('the terminal shows the text without cursor moves or reversed writing', () => {
  expect(inTerminal(sentence)).toBe('Ana <!channel> has payments-db/read until 1970-01-01 00:00 UTC: “*now* &  [2J”');
});

test('at Slack nobody’s words are markup, and a time is the reader’s own', () => {
  const text = drawn(sentence);
  expect(text).toContain('*Ana &lt;!channel&gt;* has `payments-db/read` until <!date^0^');
  expect(text).toContain('“now &amp;');
});

test('what is nothing of the kind makes no sentence', () => {
  const bent: { name: string; at: number } = JSON.parse('{"name": {"x": 1}, "at": "never"}');
  expect(() => say`${bent.name} is here`).toThrow(TypeError);
  expect(() => time(bent.at)).toThrow(RangeError);
});

const DENIED = {
  effect: 'deny',
  rule: null,
  reasons: [],
  outcomes: [
    { rule: 1, effect: 'allow', outcome: 'not_met', reasons: ['not on call <!here>'], principals: [] },
    {
      rule: 2,
      effect: 'ask',
      outcome: 'not_met',
      reasons: ['not in S0DBA, nor U0ANA, nor S0DBA'],
      principals: ['S0DBA', 'U0ANA'],
    },
  ],
} as const;

test('a denial names people and groups as each surface does, and mentions nobody else', () => {
  expect(drawn(denialSentence(DENIED))).toBe(
    'No rule allows it:\n• you are not on call &lt;!here&gt; (rule 1)\n• not in <!subteam^S0DBA>, nor <@U0ANA>, nor <!subteam^S0DBA> (rule 2)',
  );
  expect(inTerminal(denialSentence(DENIED))).toBe(
    'No rule allows it: - you are not on call <!here> (rule 1) - not in S0DBA, nor U0ANA, nor S0DBA (rule 2)',
  );
});

test('a refusal is the same words on both, with what to type', () => {
  const refused = refusalSentence({ code: 'already_holds', role: 'payments-db/read', until: 0 });
  expect(inTerminal(refused)).toBe(
    'This access is already active, until 1970-01-01 00:00 UTC. Extend it with /jit extend, or ask again after it has ended.',
  );
  expect(drawn(refused)).toContain('Extend it with `/jit extend`, or ask again');
});

test('Slack has marks and line breaks, the terminal one line without pictures', () => {
  const marked = say`:x: *Ana* types \`/jit\`\n${here} now`;
  expect(drawn(marked)).toBe(':x: *Ana* types `/jit`\n<!here> now');
  expect(inTerminal(marked)).toBe(' Ana types /jit everybody in the channel now');
});

test('what is filled in is never markup, and what is left open ends with the sentence', () => {
  expect(drawn(say`*open ${':lock: *x*'}`)).toBe('*open :\u2060lock: x*');
  expect(drawn(say`${time(0, 'Asia/Tokyo')}`)).toContain('Thu 1 Jan 09:00');
});

test('a capital letter begins a sentence of text, and changes no other', () => {
  expect(drawn(capital(say`not now`))).toBe('Not now');
  expect(drawn(capital(say`${code('db/read')} is x`))).toBe('`db/read` is x');
  expect(capital([])).toEqual([]);
});
