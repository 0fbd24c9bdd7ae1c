/** What administrators can do. Every step checks again that the person is one. */

import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import { isRefused } from '../../../domain/refusal.ts';
import type { Instant, RoleKey } from '../../../domain/terms.ts';
import { cut } from '../../../domain/text.ts';
import { readObject } from '../../../http/json.ts';
import { declareGone, wantsCode } from '../../../lifecycle/grant/declareGone.ts';
import { revokeAll, revokeGrant } from '../../../lifecycle/grant/endGrant.ts';
import { mayTakeAway } from '../../../lifecycle/grant/takingAway.ts';
import { freeze, unfreeze } from '../../../lifecycle/health/freeze.ts';
import { checkSecondFactor, hasSecondFactor, resetSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { previewReload, reloadPolicy } from '../../../lifecycle/reloadPolicy.ts';
import { ADMIN_WORDS, RELOAD_FORM } from '../../../wording/admin.ts';
import { ANSWERS, standingSentence } from '../../../wording/answers.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { plainText } from '../../kit/blocks.ts';
import { clickedValue } from '../../kit/clickAnswers.ts';
import { CODE } from '../../kit/codeForms.ts';
import type { Call, Command } from '../../kit/command.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn } from '../../kit/drawn.ts';
import { answerForm, openView, waitModal } from '../../kit/forms.ts';
import { readOption, readText, type ViewValues } from '../../kit/formValues.ts';
import { resourceLabels } from '../../kit/labels.ts';
import { updateView } from '../../kit/openViews.ts';
import { refusalText } from '../../kit/refusals.ts';
import { slackProblem } from '../../link/clients.ts';
import { incidentLabel, incidentsInUse } from './incidents.ts';
import {
  ADMIN,
  adminBlocks,
  adminMessage,
  adminModal,
  FREEZE_MODAL,
  FREEZE_REASON,
  freezeModal,
  GONE_MODAL,
  GONE_REASON,
  goneModal,
  RELOAD_MODAL,
  reloadModal,
  strandedKey,
} from './views.ts';

export const admin: Command = {
  names: ['admin'],
  words: USAGE.admin,
  failed: drawn(ERRORS.adminFailed),
  run: async (call) => {
    const [word = '', ...rest] = call.text.trim().split(/\s+/);
    if (word.toLowerCase() === 'freeze') return call.tell(await freezeNow(call, rest.join(' ')));
    const opened = await openWaiting(call);
    if (opened === null) return tellAdmin(call);
    await updateView(call, opened, await adminView(call, call.personId, NO_FILTER, null));
  },
};

/** @returns the form's id, or null if Slack does not open it */
async function openWaiting({ client, deps, triggerId }: Call): Promise<string | null> {
  try {
    return (await openView({ client }, triggerId, waitModal(ADMIN_WORDS.title))).id;
  } catch (error) {
    deps.log.warn({ problem: slackProblem(error) }, 'the administration form could not be opened; it is told instead');
    return null;
  }
}

/** Offers what ends access as an answer to the command, which works without the bot's token. */
async function tellAdmin(call: Call): Promise<void> {
  const standing = await mayTakeAway(call.deps, call.personId, ANY_ADMIN);
  if (isRefused(standing)) return call.tell(refusalText(standing.refused));
  const [grants, frozen] = await Promise.all([call.deps.store.liveGrants({}), call.deps.store.record('freeze', 'bot')]);
  return call.tell(
    ADMIN_WORDS.title,
    adminBlocks(call.deps.policy, {
      word: drawn(standingSentence(standing.seenAt)),
      freeze: frozen.value,
      grants: grants.map(({ value }) => value),
    }),
  );
}

async function freezeNow({ deps, personId }: Call, reason: string): Promise<string> {
  if (reason === '') return drawn(ADMIN_WORDS.sayWhy);
  const result = await freeze(deps, { personId, reason: cut(reason, REASON_MAX) });
  return isRefused(result) ? refusalText(result.refused) : frozenSentence(result);
}

const frozenSentence = ({ live, seenAt }: { live: number; seenAt: Instant | null }): string =>
  drawn(ANSWERS.frozen(live, seenAt));

const ANY_ADMIN = { others: [], no: { code: 'not_an_admin' } } as const;
/** The maximum length of the field. */
const REASON_MAX = 1_000;

interface Filter {
  readonly person: string | null;
  readonly resource: string | null;
  readonly incident: string | null;
}
const NO_FILTER: Filter = { person: null, resource: null, incident: null };

export function listenToAdmins(app: App, context: SlackContext): void {
  onFilter(app, context);
  onEnding(app, context);
  onLifting(app, context);
  onFreeze(app, context);
  onGone(app, context);
  onReload(app, context);
}

function onFilter(app: App, context: SlackContext): void {
  const { deps } = context;
  app.options(ADMIN.resource, ({ ack, options }) => {
    const typed = options.value.toLowerCase();
    const found = [...deps.policy.resources.values()].filter(({ id, name }) =>
      `${id} ${name}`.toLowerCase().includes(typed),
    );
    const labels = resourceLabels(deps.policy);
    const option = ({ id, name }: { id: string; name: string }) => ({
      text: plainText(labels.get(id) ?? name),
      value: id,
    });
    return ack({ options: found.slice(0, 100).map(option) });
  });
  app.options(ADMIN.incident, async ({ ack, options }) => {
    const found = (await incidentsInUse(deps)).filter((one) =>
      incidentLabel(one).toLowerCase().includes(options.value.toLowerCase()),
    );
    await ack({ options: found.slice(0, 100).map((one) => ({ text: plainText(incidentLabel(one)), value: one.id })) });
  });
  for (const action of [ADMIN.person, ADMIN.resource, ADMIN.incident]) act(app, context, action, async () => null);
}

function onEnding(app: App, context: SlackContext): void {
  const { deps } = context;
  act(
    app,
    context,
    ADMIN.end,
    async (body) => {
      const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
      return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.endingAsAdmin(result.seenAt));
    },
    drawn(ERRORS.notEnded),
  );
  act(
    app,
    context,
    ADMIN.endAll,
    async (body) => {
      // Only the grants that were shown, not those given since.
      const grantIds = clickedValue(body).split(' ').filter(Boolean);
      const result = await revokeAll(deps, { grantIds, personId: body.user.id });
      return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.endingAll(result.ended, result.seenAt));
    },
    drawn(ERRORS.adminFailed),
  );
}

/** Lifts a freeze, and resets one-time codes. */
function onLifting(app: App, context: SlackContext): void {
  const { deps } = context;
  act(app, context, ADMIN.unfreeze, async (body) => {
    const result = await unfreeze(deps, { personId: body.user.id });
    return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.unfrozen);
  });
  act(app, context, ADMIN.reset, async (body) => {
    const personId = z.object({ selected_user: z.string() }).safeParse(body.actions[0]).data?.selected_user ?? '';
    const result = await resetSecondFactor(deps, { adminId: body.user.id, personId });
    return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.codesReset(personId));
  });
}

function onFreeze(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ADMIN.freeze, async ({ ack, body }) => {
    await ack();
    await push(context, body, freezeModal((await deps.store.liveGrants({})).length));
  });
  app.view(FREEZE_MODAL, async ({ ack, view, body }) => {
    const reason = readText(view.state.values, FREEZE_REASON, FREEZE_REASON);
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notFrozen), typed: reason }, async () => {
      const result = await freeze(deps, { personId: body.user.id, reason });
      return isRefused(result)
        ? { errors: { [FREEZE_REASON]: refusalText(result.refused) } }
        : { view: adminMessage(frozenSentence(result)) };
    });
  });
}

function onGone(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ADMIN.gone, async ({ ack, body }) => {
    await ack();
    const grant = (await deps.store.grant(clickedValue(body)))?.value;
    const form =
      grant?.state === 'overdue'
        ? goneModal(deps.policy, grant, await codesFor(deps, grant.role, body.user.id))
        : adminMessage(refusalText({ code: 'not_overdue' }));
    await push(context, body, form);
  });
  app.view(GONE_MODAL, async ({ ack, view, body }) => {
    const { values } = view.state;
    const reason = readText(values, GONE_REASON, GONE_REASON);
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notChanged), typed: reason }, async () => {
      const personId = body.user.id;
      const code = readText(values, CODE.block, CODE.action);
      const factor = code === '' ? null : await checkSecondFactor(deps, personId, code);
      if (factor && isRefused(factor)) return { errors: { [CODE.block]: refusalText(factor.refused) } };
      const result = await declareGone(deps, { grantId: view.private_metadata, personId, reason, factor });
      return isRefused(result)
        ? { errors: { [GONE_REASON]: refusalText(result.refused) } }
        : { view: adminMessage(drawn(ANSWERS.declaredGone)) };
    });
  });
}

/** null if the role needs none. */
const codesFor = async (deps: SlackContext['deps'], role: RoleKey, personId: string) =>
  wantsCode(deps, role) ? { hasCodes: await hasSecondFactor(deps, personId) } : null;

function onReload(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ADMIN.reload, async ({ ack, body }) => {
    await ack();
    // The form opens first, because the trigger expires after three seconds.
    const pushed = await push(context, body, waitModal(RELOAD_FORM.title));
    if (pushed === null) return;
    const reload = await previewReload(deps, body.user.id);
    const view = isRefused(reload) ? adminMessage(refusalText(reload.refused)) : reloadModal(reload);
    await updateView(context, pushed, view);
  });
  app.view(RELOAD_MODAL, async ({ ack, view, body }) => {
    // A value of another shape stands for nothing shown, so the file is shown again.
    const shown = shownSchema.safeParse(readObject(view.private_metadata)).data ?? { hash: '', strandedKey: '' };
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notChanged) }, async () => {
      const result = await reloadPolicy(deps, {
        personId: body.user.id,
        hash: shown.hash,
        wasShown: (stranded) => strandedKey(stranded) === shown.strandedKey,
      });
      return { view: isRefused(result) ? adminMessage(refusalText(result.refused)) : reloadModal(result) };
    });
  });
}

/** Opens a form over the list. @returns its id, or null if Slack did not open it, which the list then says */
async function push(context: SlackContext, body: BlockAction, view: ModalView): Promise<string | null> {
  const { deps, client } = context;
  try {
    const { view: pushed } = await client.views.push({ trigger_id: body.trigger_id, view });
    if (pushed?.id) return pushed.id;
  } catch (error) {
    deps.log.warn({ problem: slackProblem(error) }, 'a form was not opened over the list');
  }
  const filter = filterIn(body.view?.state.values ?? {});
  await updateView(context, body.view?.id, await adminView(context, body.user.id, filter, drawn(ERRORS.notOpened)));
  return null;
}

/** Does something from the list, and shows the list again with the result. */
function act(
  app: App,
  context: SlackContext,
  action: string,
  work: (body: BlockAction) => Promise<string | null>,
  failed: string = drawn(ERRORS.notChanged),
): void {
  const { deps } = context;
  app.action<BlockAction>(action, async ({ ack, body }) => {
    await ack();
    const filter = filterIn(body.view?.state.values ?? {});
    const personId = body.user.id;
    let word: string | null;
    try {
      // For what grants something, Slack has to confirm the administrator now.
      const standing = await mayTakeAway(deps, personId, ANY_ADMIN);
      word = isRefused(standing) ? refusalText(standing.refused) : await work(body);
    } catch (error) {
      deps.log.error({ err: error, action, personId }, 'an administrator’s click could not be carried out');
      word = failed;
    }
    await updateView(context, body.view?.id, await adminView(context, personId, filter, word));
  });
}

/** Shows the list to an administrator, and a refusal to others. */
async function adminView(
  context: Pick<SlackContext, 'deps'>,
  personId: string,
  filter: Filter,
  word: string | null,
): Promise<ModalView> {
  const { deps } = context;
  const standing = await mayTakeAway(deps, personId, ANY_ADMIN);
  if (isRefused(standing)) return adminMessage(refusalText(standing.refused));
  const [grants, open, frozen] = await Promise.all([
    filtered(context, filter),
    deps.store.openRequests(filter.person === null ? {} : { slackId: filter.person }),
    deps.store.record('freeze', 'bot'),
  ]);
  const requests = open
    .map(({ value }) => value)
    .filter(
      ({ role, incidentId }) =>
        (filter.resource === null || role.startsWith(`${filter.resource}/`)) &&
        (filter.incident === null || incidentId === filter.incident),
    );
  const said = word ?? (drawn(standingSentence(standing.seenAt)) || null);
  return adminModal(deps.policy, {
    word: said,
    freeze: frozen.value,
    grants: grants.map(({ value }) => value),
    requests,
  });
}

async function filtered({ deps }: Pick<SlackContext, 'deps'>, { person, resource, incident }: Filter) {
  const grants = await deps.store.liveGrants({
    ...(person !== null && { slackId: person }),
    ...(resource !== null && { resourceId: resource }),
  });
  if (incident === null) return grants;
  const given = new Set(await deps.store.liveForIncident(incident));
  return grants.filter(({ value }) => given.has(value.id));
}

/** The policy file that was shown: its hash, and the hash of the access that it would strand. */
const shownSchema = z.object({ hash: z.string(), strandedKey: z.string() });

const userSchema = z.object({ selected_user: z.string().nullish() });

const filterIn = (values: ViewValues): Filter => ({
  person: userSchema.safeParse(values[ADMIN.filter]?.[ADMIN.person]).data?.selected_user ?? null,
  resource: readOption(values, ADMIN.filter, ADMIN.resource),
  incident: readOption(values, ADMIN.filter, ADMIN.incident),
});
