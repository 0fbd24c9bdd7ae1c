/** A recorded decision without people: whoever reads it can decide again, and learns of nobody. */

/** Ids of Slack's and PagerDuty's that stand for no person: groups, teams, channels, services, schedules, escalation policies. */
const NO_PERSON = /^[SCTPQ][A-Z0-9]{3,}$/;
const IS_PERSON = /^[UW][A-Z0-9]{2,}$/;
/** What conditions compare with, and says nothing of anybody. */
const WORDS = new Set(['triggered', 'acknowledged', 'resolved', 'high', 'low', 'allow', 'ask', 'deny', 'break_glass']);

interface Keeping {
  /** What a policy file says: whoever may read the result reads that as well. */
  readonly policyText: string;
  /** The same for the same text, and nothing leads back from it. */
  readonly pseudonymOf: (text: string) => string;
}

/** Every text in it that is not the policy's own is another one afterwards; what was equal stays equal. */
export function pseudonymised(value: unknown, keeping: Keeping): unknown {
  if (typeof value === 'string') return textOf(value, keeping);
  if (Array.isArray(value)) return value.map((one) => pseudonymised(one, keeping));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      IS_PERSON.test(key) ? textOf(key, keeping) : key,
      pseudonymised(one, keeping),
    ]),
  );
}

function textOf(text: string, { policyText, pseudonymOf }: Keeping): string {
  if (WORDS.has(text) || NO_PERSON.test(text) || text === '' || isNamed(text, policyText)) return text;
  return IS_PERSON.test(text) ? `U${pseudonymOf(text).toUpperCase()}` : pseudonymOf(text);
}

/** As a whole word of the policy, or as a role of it: `payments-db/read` stands there in two places. */
const isNamed = (text: string, policyText: string): boolean =>
  text.split('/').every((part) => {
    const at = policyText.indexOf(part);
    return part.length > 1 && at >= 0 && isWord(policyText, part);
  });

const isWord = (text: string, word: string): boolean => {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!/[\w@.-]/.test(text[at - 1] ?? ' ') && !/[\w@.-]/.test(text[at + word.length] ?? ' ')) return true;
  return false;
};
