/**
 * Everything sent to Slack passes here. What is too long, too many or empty is made to fit, because Slack refuses a
 * whole message for one bad part. https://docs.slack.dev/reference/block-kit
 */

import { cut } from '../../domain/text.ts';
import { readObject } from '../../http/json.ts';
import { cutMarkup } from './markup.ts';

const MAX = {
  text: 3_000,
  field: 2_000,
  fields: 10,
  header: 150,
  elements: { actions: 25, context: 10 },
  options: 100,
  optionText: 75,
  optionValue: 150,
  button: 75,
  url: 3_000,
  confirm: 30,
  confirmTitle: 100,
  confirmText: 300,
  placeholder: 150,
  label: 2_000,
  title: 24,
  messageText: 4_000,
  messageBlocks: 50,
  viewBlocks: 100,
  initialValue: 3_000,
  /** Maximum rich text in a block. Slack documents none, and accepts more. */
  rich: 9_000,
} as const;

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Replaces an empty text, which Slack refuses. */
const NOTHING = '—';

/** A text object, of either kind. */
function text(given: unknown, most: number): unknown {
  if (!isObject(given) || typeof given.text !== 'string') return given;
  const shorten = given.type === 'mrkdwn' ? cutMarkup : cut;
  return { ...given, text: shorten(given.text === '' ? NOTHING : given.text, most) };
}

/** Copies an object and fits some of its fields. Missing fields stay missing. */
function fitted(given: Json, fit: Readonly<Record<string, (value: unknown) => unknown>>): Json {
  const changed = Object.entries(fit).flatMap(([key, change]) => (key in given ? [[key, change(given[key])]] : []));
  return { ...given, ...Object.fromEntries(changed) };
}

const option = (given: Json): Json =>
  fitted(given, { text: (one) => text(one, MAX.optionText), description: (one) => text(one, MAX.optionText) });
const oneOption = (given: unknown): unknown => (isObject(given) ? option(given) : given);
/** The value of an option cannot be cut, so an option with a long value is dropped. */
const someOptions = (given: unknown): unknown =>
  list(given)
    .filter(({ value }) => typeof value !== 'string' || value.length <= MAX.optionValue)
    .slice(0, MAX.options)
    .map(option);
const confirm = (given: unknown): unknown =>
  isObject(given)
    ? fitted(given, {
        title: (one) => text(one, MAX.confirmTitle),
        text: (one) => text(one, MAX.confirmText),
        confirm: (one) => text(one, MAX.confirm),
        deny: (one) => text(one, MAX.confirm),
      })
    : given;

/** An interactive element. */
function element(given: unknown): unknown {
  if (!isObject(given)) return given;
  const { url, ...rest } = given;
  const isLink = typeof url === 'string' && url.length <= MAX.url;
  return fitted(isLink ? given : rest, {
    text: (one) => text(one, given.type === 'button' ? MAX.button : MAX.field),
    placeholder: (one) => text(one, MAX.placeholder),
    confirm,
    options: someOptions,
    initial_options: someOptions,
    initial_option: oneOption,
    initial_value: (one) => (typeof one === 'string' ? cut(one, initialMax(given)) : one),
  });
}

const initialMax = ({ max_length: most }: Json): number =>
  typeof most === 'number' ? Math.min(most, MAX.initialValue) : MAX.initialValue;

/** Rich text is not parsed, so it can be cut anywhere. The budget is for the whole block. */
function rich(given: unknown, budget: { left: number }): unknown {
  if (Array.isArray(given)) return given.map((one) => rich(one, budget));
  if (!isObject(given)) return given;
  if (given.type !== 'text' || typeof given.text !== 'string')
    return fitted(given, { elements: (one) => rich(one, budget) });
  const shown = cut(given.text === '' ? NOTHING : given.text, Math.max(1, budget.left));
  budget.left -= shown.length;
  return { ...given, text: shown };
}

function block(given: Json): Json {
  switch (given.type) {
    case 'section':
      return fitted(given, {
        text: (one) => text(one, MAX.text),
        fields: (all) =>
          list(all)
            .slice(0, MAX.fields)
            .map((one) => text(one, MAX.field)),
        accessory: element,
      });
    case 'header':
      return fitted(given, { text: (one) => text(one, MAX.header) });
    case 'context':
      return fitted(given, {
        elements: (all) =>
          list(all)
            .slice(0, MAX.elements.context)
            .map((one) => text(one, MAX.field)),
      });
    case 'actions':
      return fitted(given, { elements: (all) => list(all).slice(0, MAX.elements.actions).map(element) });
    case 'input':
      return fitted(given, { label: (one) => text(one, MAX.label), hint: (one) => text(one, MAX.label), element });
    case 'rich_text':
      return fitted(given, { elements: (all) => rich(all, { left: MAX.rich }) });
    default:
      return given;
  }
}

/** Slack refuses an empty block. */
const isFilled = ({ type, elements }: Json): boolean =>
  (type !== 'actions' && type !== 'context') || !Array.isArray(elements) || elements.length > 0;

/** As many blocks as Slack allows. The last one says how many were dropped. */
function blocks(given: unknown, most: number): Json[] {
  const all = list(given).filter(isFilled).map(block);
  if (all.length <= most) return all;
  const more = all.length - most + 1;
  const words = `and ${more} more parts that one message has no room for`;
  return [...all.slice(0, most - 1), { type: 'context', elements: [{ type: 'mrkdwn', text: words, verbatim: true }] }];
}

/** A modal or a Home. */
function view(given: Json): Json {
  const title = (one: unknown) => text(one, MAX.title);
  return fitted(given, { title, submit: title, close: title, blocks: (all) => blocks(all, MAX.viewBlocks) });
}

/** Fits the arguments of a call, or an answer to a delivery. */
export function withinSlack(given: Json): Record<string, unknown> {
  return {
    ...fitted(given, {
      blocks: (all) => blocks(all, MAX.messageBlocks),
      view: (one) => (isObject(one) ? view(one) : one),
      options: someOptions,
      errors: (all) =>
        isObject(all)
          ? Object.fromEntries(Object.entries(all).map(([id, one]) => [id, cut(String(one), MAX.label)]))
          : all,
      text: (one) => (typeof one === 'string' ? cutMarkup(one, MAX.messageText) : one),
    }),
  };
}

/** Errors that a retry cannot fix: of the content, or of changing the existing message. */
const FOR_GOOD: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_too_long',
  'msg_blocks_too_long',
  'markdown_text_conflict',
  'no_text',
  'too_many_attachments',
  'too_many_contact_cards',
  'invalid_attachments',
  'invalid_arguments',
  'invalid_metadata_format',
  'invalid_metadata_schema',
  'metadata_too_large',
  'cant_update_message',
  'edit_window_closed',
  'is_inactive',
  'update_failed',
  'cannot_reply_to_message',
  'restricted_action_non_threadable_channel',
  'restricted_action_thread_locked',
]);

const CANNOT_CHANGE: ReadonlySet<string> = new Set([
  'cant_update_message',
  'edit_window_closed',
  'update_failed',
  'is_inactive',
]);

/** Whether Slack would refuse the same call again. */
export const isForGood = (code: string | null): boolean => code !== null && FOR_GOOD.has(code);

/** Whether the existing message cannot be changed at all. */
export const isUnchangeable = (code: string | null): boolean => code !== null && CANNOT_CHANGE.has(code);

/** An answer to a delivery: nothing, a text, or an object. */
export const answerWithinSlack = (answer: unknown): unknown => (isObject(answer) ? withinSlack(answer) : answer);

/** Fits answers to response URLs too. */
export const fittingFetch: typeof fetch = (to, init) => {
  if (typeof init?.body !== 'string') return fetch(to, init);
  const said = readObject(init.body);
  return fetch(to, isObject(said) ? { ...init, body: JSON.stringify(withinSlack(said)) } : init);
};
