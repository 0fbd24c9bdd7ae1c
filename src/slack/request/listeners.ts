import type { App } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Incident } from '../../domain/evidence.ts';
import type { Person } from '../../domain/person.ts';
import { findRole, type Policy } from '../../domain/policy.ts';
import { isRefused, refusedField } from '../../domain/refusal.ts';
import type { Request } from '../../domain/request.ts';
import type { Deps } from '../../lifecycle/deps.ts';
import { previewRequest } from '../../lifecycle/previewRequest.ts';
import { checkSubmission, type Submission, submitRequest } from '../../lifecycle/submitRequest.ts';
import type { OnCall } from '../../ports.ts';
import { plain, section, time } from '../blocks.ts';
import { slackProblem } from '../clients.ts';
import { denialSentence, mentions, previewSentence, refusalSentence } from '../sentences.ts';
import {
  ACTIONS,
  BLOCKS,
  durationBlock,
  helpText,
  messageModal,
  openingNotice,
  REQUEST_MODAL,
  type RequestForm,
  requestModal,
  roleOptions,
  workingModal,
} from './modal.ts';

export interface RequestListeners {
  readonly deps: Deps;
  readonly client: WebClient;
  readonly onCall: OnCall;
}

/** `/jit`, the request form, and its submission. */
export function listenToRequests(app: App, { deps, client, onCall }: RequestListeners): void {
  app.command('/jit', async ({ ack, command }) => {
    const word = command.text.trim().split(/\s+/)[0]?.toLowerCase() ?? '';
    if (word === 'help') return ack({ response_type: 'ephemeral', text: helpText() });
    if (word !== '') return ack({ response_type: 'ephemeral', text: `I do not know “${plain(word)}”.\n${helpText()}` });
    await ack();
    const form: RequestForm = { role: null, incidents: [], incidentId: null, notice: openingNotice };
    // Opened from local data at once: the trigger lives three seconds.
    const opened = await client.views.open({ trigger_id: command.trigger_id, view: requestModal(form) });
    const known = await factsAbout(command.user_id);
    // Only onto the form as it was opened: whoever was quicker and chose already is not set back.
    await updateView(opened.view?.id, known.view, opened.view?.hash);
  });

  app.options(ACTIONS.role, ({ ack, options }) => ack({ options: roleOptions(deps.policy, options.value) }));

  const latestChoice = createLatest();
  for (const action of [ACTIONS.role, ACTIONS.duration, ACTIONS.incident]) {
    app.action(action, async ({ ack, body }) => {
      await ack();
      const click = clickSchema.safeParse(body);
      if (!click.success) return;
      const { view, user } = click.data;
      const isLatest = latestChoice(view.id);
      const values = readValues(view.state.values);
      const role = chosenRole(deps.policy, values.role);
      if (!role) return;
      const person = await deps.directory.person(user.id);
      const open = person.known ? await openIncidents(person.value) : [];
      const first: RequestForm = {
        role,
        incidents: open,
        incidentId: values.hasIncident ? values.incident : onlyOne(open),
        notice: ':hourglass_flowing_sand: Checking what the policy says…',
      };
      // What was chosen goes over whatever the form shows; whoever chose again meanwhile gets that answer instead.
      if (isLatest()) await updateView(view.id, requestModal(first));
      const decision = await previewRequest(deps, {
        personId: user.id,
        role: values.role ?? '',
        duration: values.durations.get(durationBlock(role.role)) ?? role.role.duration.default,
        incidentId: first.incidentId,
      });
      const notice = isRefused(decision) ? refusalSentence(decision.refused) : previewSentence(decision);
      if (isLatest()) await updateView(view.id, requestModal({ ...first, notice }));
    });
  }

  app.view(REQUEST_MODAL, async ({ ack, view, body }) => {
    const values = readValues(view.state.values);
    const role = chosenRole(deps.policy, values.role);
    const submission: Submission = {
      submissionKey: view.id,
      personId: body.user.id,
      role: values.role ?? '',
      duration: (role && values.durations.get(durationBlock(role.role))) ?? Number.NaN,
      reason: values.reason,
      incidentId: values.incident,
    };
    const refusals = checkSubmission(deps, submission);
    if (refusals.length > 0) {
      const blockOf = {
        role: BLOCKS.role,
        duration: role ? durationBlock(role.role) : BLOCKS.role,
        reason: BLOCKS.reason,
      };
      const errors = Object.fromEntries(
        refusals.map((refusal) => [blockOf[refusedField(refusal) ?? 'role'], refusalSentence(refusal)]),
      );
      return ack({ response_action: 'errors', errors });
    }
    // From here on the form shows what becomes of it: a preview that is still on its way is not wanted any more.
    latestChoice(view.id);
    await ack({ response_action: 'update', view: workingModal() });
    const answer = await submit(submission);
    if (!(await updateView(view.id, answer)))
      deps.log.warn(
        { personId: submission.personId },
        'the answer to a request could not be shown in its form; the message about it follows',
      );
  });

  async function submit(submission: Submission): Promise<ModalView> {
    try {
      const result = await submitRequest(deps, submission);
      return 'refusals' in result
        ? messageModal(
            'Not requested',
            result.refusals.map((refusal) => section(refusalSentence(refusal))),
          )
        : answerModal(result);
    } catch (error) {
      deps.log.error({ err: error, personId: submission.personId }, 'a request could not be taken');
      return messageModal('Not requested', [
        section(
          ':warning: Something on our side failed, so *nothing was requested and nothing was granted*. Try again in a minute; if it stays, tell whoever runs the bot.',
        ),
      ]);
    }
  }

  async function factsAbout(personId: string): Promise<{ view: ModalView }> {
    const person = await deps.directory.person(personId);
    if (!person.known)
      return {
        view: messageModal('Request access', [
          section(`:no_entry: You cannot request access here: ${plain(person.problem)}.`),
        ]),
      };
    const [entries, incidents] = await Promise.all([
      onCall.entries(person.value, 'preview'),
      openIncidents(person.value),
    ]);
    const notice = !entries.known
      ? `:warning: ${plain(entries.problem)}. You can ask all the same; reviewers may be needed.`
      : entries.value.length === 0
        ? 'PagerDuty says you are not on call now.'
        : `You are on call: ${entries.value.map((entry) => `level ${entry.level} for ${plain(entry.escalationPolicy.name)}${entry.end ? ` until ${time(entry.end)}` : ''}`).join(', ')}.`;
    return { view: requestModal({ role: null, incidents, incidentId: onlyOne(incidents), notice }) };
  }

  async function openIncidents(person: Person): Promise<readonly Incident[]> {
    const incidents = await onCall.openIncidents(person);
    return incidents.known ? incidents.value : [];
  }

  /** @returns whether Slack took it; not where the form was closed, or has changed since `hash` */
  async function updateView(viewId: string | undefined, view: ModalView, hash?: string): Promise<boolean> {
    if (!viewId) return false;
    try {
      await client.views.update({ view_id: viewId, view, ...(hash && { hash }) });
      return true;
    } catch (error) {
      deps.log.info({ problem: slackProblem(error) }, 'a form was not updated');
      return false;
    }
  }
}

/** What a person reads right after asking. */
function answerModal(request: Request): ModalView {
  switch (request.state) {
    case 'approved':
      return messageModal('Approved', [
        section(
          ':white_check_mark: *Approved.* Your access is being set up now; the message about it says until when, and how to use it.',
        ),
      ]);
    case 'pending':
      return messageModal('Waiting for review', [
        section(
          `:hourglass: *${request.decision.needed === 1 ? 'One approval' : `${request.decision.needed} approvals`} needed* from ${mentions(request.decision.reviewers)}.\nThey have been asked. You get a message as soon as they answer, or ${time(request.expiresAt, request.requester.timeZone)} if nobody does.`,
        ),
      ]);
    case 'denied':
      return messageModal('Denied', [section(`:no_entry: *Denied*: ${denialSentence(request.decision)}`)]);
    default:
      return messageModal('Request access', [section(`This request is ${request.state}.`)]);
  }
}

/** Forms remembered as being filled in; the oldest are forgotten first. */
const FORMS_REMEMBERED = 1_000;

/** Tells of each choice in a form whether it is still the newest there: answers may come back in any order. */
function createLatest(): (viewId: string) => () => boolean {
  const newest = new Map<string, symbol>();
  return (viewId) => {
    const mine = Symbol(viewId);
    newest.delete(viewId);
    newest.set(viewId, mine);
    const oldest = newest.keys().next();
    if (newest.size > FORMS_REMEMBERED && !oldest.done) newest.delete(oldest.value);
    return () => newest.get(viewId) === mine;
  };
}

const selected = z.object({ selected_option: z.object({ value: z.string() }).nullish() });
const typed = z.object({ value: z.string().nullish() });

const clickSchema = z.object({
  user: z.object({ id: z.string() }),
  view: z.object({
    id: z.string(),
    hash: z.string(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  }),
});

/** The fields of the form; anything of another shape counts as empty. */
function readValues(values: Readonly<Record<string, Readonly<Record<string, unknown>>>>) {
  const option = (block: string, action: string) =>
    selected.safeParse(values[block]?.[action]).data?.selected_option?.value ?? null;
  const durations = new Map<string, number>();
  for (const block of Object.keys(values)) {
    const value = block.startsWith('duration:') ? option(block, ACTIONS.duration) : null;
    if (value !== null) durations.set(block, Number(value));
  }
  return {
    role: option(BLOCKS.role, ACTIONS.role),
    durations,
    reason: typed.safeParse(values[BLOCKS.reason]?.[ACTIONS.reason]).data?.value ?? '',
    incident: option(BLOCKS.incident, ACTIONS.incident),
    hasIncident: BLOCKS.incident in values,
  };
}

function chosenRole(policy: Policy, key: string | null): RequestForm['role'] {
  const role = key === null ? undefined : findRole(policy, key);
  return role ? { role, resourceName: policy.resources.get(role.resourceId)?.name ?? role.resourceId } : null;
}

/** With one open incident, that is the one. */
const onlyOne = (incidents: readonly { id: string }[]): string | null =>
  incidents.length === 1 ? (incidents[0]?.id ?? null) : null;
