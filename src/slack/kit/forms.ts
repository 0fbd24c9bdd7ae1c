import type { BlockAction, SlackViewMiddlewareArgs, ViewResponseAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Millis } from '../../domain/terms.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { REQUEST_FORM, WAIT } from '../../wording/forms.ts';
import { slackProblem } from '../link/clients.ts';
import { plainText, quote, section } from './blocks.ts';
import { tellPrivately } from './clickAnswers.ts';
import type { SlackContext } from './context.ts';
import { paragraph } from './drawn.ts';
import { NotOpenedError } from './notOpened.ts';
import { updateView } from './openViews.ts';

/** @throws NotOpenedError */
export async function openView(
  { client }: { client: WebClient },
  to: string | Opening,
  view: ModalView,
): Promise<{ id: string; hash: string | undefined }> {
  const { triggerId, isInForm = false } = typeof to === 'string' ? { triggerId: to } : to;
  try {
    const asked = { trigger_id: triggerId, view };
    const { view: opened } = await (isInForm ? client.views.push(asked) : client.views.open(asked));
    if (opened?.id) return { id: opened.id, hash: opened.hash };
  } catch (error) {
    throw new NotOpenedError(`a form was not opened: ${slackProblem(error)}`, { cause: error });
  }
  throw new NotOpenedError('a form was not opened: Slack did not say which it is');
}

/** Where to open a form: over the form that was clicked in, which stays open, or on its own. */
export interface Opening {
  readonly triggerId: string;
  readonly isInForm?: boolean;
}

export const openingOf = ({ trigger_id, view }: Pick<BlockAction, 'trigger_id' | 'view'>): Required<Opening> => ({
  triggerId: trigger_id,
  isInForm: view?.type === 'modal',
});

/** Opens a form at once with a waiting text, and fills it when its content is loaded. @throws NotOpenedError */
export async function openWhenKnown(
  context: Pick<SlackContext, 'client' | 'deps'>,
  to: Opening & { personId: string; title: string },
  make: () => Promise<ModalView>,
): Promise<void> {
  const opened = await openView(context, to, waitModal(to.title));
  await show(context, { viewId: opened.id, personId: to.personId }, await make());
}

/** The result of a submitted form. */
export type FormAnswer =
  /** By block. */
  | { readonly errors: Readonly<Record<string, string>> }
  /** Closes the form. `done` is shown if it was already acknowledged. */
  | { readonly done: string }
  | { readonly view: ModalView };

export type SentForm = Pick<SlackViewMiddlewareArgs, 'ack'> & {
  readonly body: { readonly user: { readonly id: string } };
  readonly view: AnsweredView & { readonly id: string };
};

interface AnsweredView {
  readonly title: { readonly text: string };
  readonly blocks?: unknown;
}

const fieldsSchema = z.array(z.object({ type: z.string(), block_id: z.string().optional() })).catch([]);

/**
 * Errors as the answer to a form. Slack accepts no error for a field that the form does not have (it may have been sent
 * before it grew), so those go to the first field.
 * @param errors by block
 */
export function errorsOn(view: AnsweredView, errors: Iterable<readonly [string, string]>): ViewResponseAction {
  const fields = fieldsSchema
    .parse(view.blocks)
    .flatMap((block) => (block.type === 'input' ? (block.block_id ?? []) : []));
  const [first] = fields;
  if (first === undefined)
    return {
      response_action: 'update',
      view: messageModal(view.title.text, [section(Array.from(errors, ([, text]) => text).join('\n'))]),
    };
  const shown = new Map<string, string>();
  for (const [block, text] of errors) {
    const field = fields.includes(block) ? block : first;
    shown.set(field, [shown.get(field) ?? [], text].flat().join(' '));
  }
  return { response_action: 'errors', errors: Object.fromEntries(shown) };
}

/** Slack shows an error after three seconds although the work continues, so a form is acknowledged well before. */
const ACK_WITHIN: Millis = 1_000;

/**
 * Answers a form: at once if the work is quick; otherwise acknowledges it with a waiting text, and shows the answer
 * there later.
 * @param failed what to say if the work fails, which has to be true then
 * @param typed what was typed in the form, so that a late refusal does not lose it
 */
export async function answerForm(
  context: Pick<SlackContext, 'client' | 'deps'>,
  { ack, body, view }: SentForm,
  { failed, typed = '' }: { failed: string; typed?: string },
  work: () => Promise<FormAnswer>,
): Promise<void> {
  const { id: viewId, title } = view;
  const personId = body.user.id;
  const working = work().catch((error: unknown): FormAnswer => {
    context.deps.log.error({ err: error, personId }, 'a form could not be taken');
    return { view: messageModal(title.text, [section(failed), ...kept(typed)]) };
  });
  const early = await inTime(working);
  if (early) {
    if ('errors' in early) return ack(errorsOn(view, Object.entries(early.errors)));
    return 'done' in early ? ack() : ack({ response_action: 'update', view: early.view });
  }
  await ack({ response_action: 'update', view: waitModal(title.text) });
  const late = await working;
  const answer =
    'view' in late
      ? late.view
      : 'done' in late
        ? messageModal(title.text, [section(late.done)])
        : messageModal(title.text, [section(Object.values(late.errors).join('\n')), ...kept(typed)]);
  await show(context, { viewId, personId }, answer);
}

/** The result of the work if it is ready in time to acknowledge the form, or null if it still runs. */
export async function inTime<T>(work: Promise<T>): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(late.resolve, ACK_WITHIN, null);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Shows the result in the form, or in a private message if the form is closed. */
export async function show(
  context: Pick<SlackContext, 'client' | 'deps'>,
  { viewId, personId }: { viewId: string; personId: string },
  view: ModalView,
): Promise<void> {
  if (await updateView(context, viewId, view)) return;
  // A form that asks for more input cannot be shown as a message.
  if (!view.submit) await tellAnswer(context, personId, view);
}

/** The content of a window as a private message. */
export async function tellAnswer(
  context: Pick<SlackContext, 'client' | 'deps'>,
  personId: string,
  view: ModalView,
): Promise<void> {
  await tellPrivately(context, personId, { text: view.title.text, blocks: view.blocks });
}

const kept = (typed: string) => (typed === '' ? [] : [paragraph(REQUEST_FORM.youWrote), quote(typed)]);

export const waitModal = (title: string): ModalView => messageModal(title, [paragraph(WAIT)]);

/** A modal that only shows a text. */
export const messageModal = (title: string, blocks: ModalView['blocks']): ModalView => ({
  type: 'modal',
  title: plainText(title, 24),
  close: plainText(BUTTONS.close.close, 24),
  blocks,
});
