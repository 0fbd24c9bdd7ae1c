import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import { isRefused } from '../../domain/refusal.ts';
import type { Instant } from '../../domain/terms.ts';
import { counted, cut } from '../../domain/text.ts';
import { readObject } from '../../http/json.ts';
import { revokeAll, revokeGrant } from '../../lifecycle/endGrant.ts';
import { freeze, unfreeze } from '../../lifecycle/freeze.ts';
import { previewReload, reloadPolicy } from '../../lifecycle/reloadPolicy.ts';
import { resetSecondFactor } from '../../lifecycle/secondFactor.ts';
import { mayTakeAway } from '../../lifecycle/takingAway.ts';
import { plainText } from '../blocks.ts';
import { clickedValue } from '../clicks.ts';
import { slackProblem } from '../clients.ts';
import type { Call, Command } from '../commands/command.ts';
import type { SlackContext } from '../context.ts';
import { ADMIN_FAILED, NOT_CHANGED, NOT_FROZEN, NOT_REVOKED } from '../failures.ts';
import { answerForm, openView, waitModal } from '../forms.ts';
import { NOT_OPENED } from '../notOpened.ts';
import { resourceLabels } from '../request/labels.ts';
import { readOption, readText, type ViewValues } from '../request/values.ts';
import { refusalSentence, standingSentence } from '../sentences.ts';
import { updateView } from '../views.ts';
import {
  ADMIN,
  adminBlocks,
  adminMessage,
  adminModal,
  FREEZE_MODAL,
  FREEZE_REASON,
  freezeModal,
  RELOAD_MODAL,
  reloadModal,
  strandedKey,
} from './views.ts';

/** Everything an administrator does. Whether they are one is checked again at every step. */

export const admin: Command = {
  names: ['admin'],
  usage: '`/jit admin`',
  help: 'for administrators: who holds what, end it, freeze everything, reload the policy; `/jit admin freeze REASON` freezes without a form',
  failed: ADMIN_FAILED,
  run: async (call) => {
    const [word = '', ...rest] = call.text.trim().split(/\s+/);
    if (word.toLowerCase() === 'freeze') return call.tell(await freezeNow(call, rest.join(' ')));
    const opened = await openWaiting(call);
    if (opened === null) return tellAdmin(call);
    await updateView(call, opened, await adminView(call, call.personId, NO_FILTER, null));
  },
};

/** @returns the form's id; null: Slack opens none for the bot now */
async function openWaiting({ client, deps, triggerId }: Call): Promise<string | null> {
  try {
    return (await openView({ client }, triggerId, waitModal('Administration'))).id;
  } catch (error) {
    deps.log.warn({ problem: slackProblem(error) }, 'the administration form could not be opened; it is told instead');
    return null;
  }
}

/** What takes access away, as an answer to the command: that takes no token of the bot's. */
async function tellAdmin(call: Call): Promise<void> {
  const standing = await mayTakeAway(call.deps, call.personId, ANY_ADMIN);
  if (isRefused(standing)) return call.tell(refusalSentence(standing.refused));
  const [grants, frozen] = await Promise.all([call.deps.store.liveGrants({}), call.deps.store.record('freeze', 'bot')]);
  return call.tell(
    'Administration',
    adminBlocks({
      word: standingSentence(standing.seenAt).trim(),
      freeze: frozen.value,
      grants: grants.map(({ value }) => value),
    }),
  );
}

async function freezeNow({ deps, personId }: Call, reason: string): Promise<string> {
  if (reason === '') return 'Say why: `/jit admin freeze REASON…`. Everybody reads it.';
  const result = await freeze(deps, { personId, reason: cut(reason, REASON_MAX) });
  return isRefused(result) ? refusalSentence(result.refused) : frozenSentence(result);
}

const frozenSentence = ({ live, seenAt }: { live: number; seenAt: Instant | null }): string =>
  `:rotating_light: *Frozen.* ${counted(live, 'live grant ends', 'live grants end')} now, and everybody is told.${standingSentence(seenAt)}`;

const ANY_ADMIN = { others: [], no: { code: 'not_an_admin' } } as const;
/** As long as the form lets it be. */
const REASON_MAX = 1_000;

interface Filter {
  readonly person: string | null;
  readonly resource: string | null;
}
const NO_FILTER: Filter = { person: null, resource: null };

export function listenToAdmins(app: App, context: SlackContext): void {
  const { deps, client } = context;

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

  for (const action of [ADMIN.person, ADMIN.resource]) act(action, async () => null);
  act(
    ADMIN.end,
    async (body) => {
      const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
      return isRefused(result)
        ? refusalSentence(result.refused)
        : `:lock: Taking it back now.${standingSentence(result.seenAt)}`;
    },
    NOT_REVOKED,
  );
  act(
    ADMIN.endAll,
    async (body) => {
      // Those that were shown, whatever has been given since.
      const grantIds = clickedValue(body).split(' ').filter(Boolean);
      const result = await revokeAll(deps, { grantIds, personId: body.user.id });
      return isRefused(result)
        ? refusalSentence(result.refused)
        : `:lock: Taking ${result.ended} back now.${standingSentence(result.seenAt)}`;
    },
    ADMIN_FAILED,
  );
  act(ADMIN.unfreeze, async (body) => {
    const result = await unfreeze(deps, { personId: body.user.id });
    return isRefused(result) ? refusalSentence(result.refused) : ':white_check_mark: The freeze is lifted.';
  });
  act(ADMIN.reset, async (body) => {
    const personId = z.object({ selected_user: z.string() }).safeParse(body.actions[0]).data?.selected_user ?? '';
    const result = await resetSecondFactor(deps, { adminId: body.user.id, personId });
    return isRefused(result)
      ? refusalSentence(result.refused)
      : `:white_check_mark: The codes of <@${personId}> are reset.`;
  });

  app.action<BlockAction>(ADMIN.freeze, async ({ ack, body }) => {
    await ack();
    await push(body, freezeModal((await deps.store.liveGrants({})).length));
  });
  app.view(FREEZE_MODAL, async ({ ack, view, body }) => {
    const reason = readText(view.state.values, FREEZE_REASON, FREEZE_REASON);
    await answerForm(context, { ack, view, body }, { failed: NOT_FROZEN, typed: reason }, async () => {
      const result = await freeze(deps, { personId: body.user.id, reason });
      return isRefused(result)
        ? { errors: { [FREEZE_REASON]: refusalSentence(result.refused) } }
        : { view: adminMessage(frozenSentence(result)) };
    });
  });

  app.action<BlockAction>(ADMIN.reload, async ({ ack, body }) => {
    await ack();
    // The form first, while the trigger lives.
    const pushed = await push(body, waitModal('Reload the policy'));
    if (pushed === null) return;
    const reload = await previewReload(deps, body.user.id);
    const view = isRefused(reload) ? adminMessage(refusalSentence(reload.refused)) : reloadModal(reload);
    await updateView(context, pushed, view);
  });
  app.view(RELOAD_MODAL, async ({ ack, view, body }) => {
    // Anything of another shape shows nothing, so the file is shown again.
    const shown = shownSchema.safeParse(readObject(view.private_metadata)).data ?? { hash: '', strandedKey: '' };
    await answerForm(context, { ack, view, body }, { failed: NOT_CHANGED }, async () => {
      const result = await reloadPolicy(deps, {
        personId: body.user.id,
        hash: shown.hash,
        wasShown: (stranded) => strandedKey(stranded) === shown.strandedKey,
      });
      return { view: isRefused(result) ? adminMessage(refusalSentence(result.refused)) : reloadModal(result) };
    });
  });

  /** A form over the list. @returns its id; null: Slack did not open it, which the list then says */
  async function push(body: BlockAction, view: ModalView): Promise<string | null> {
    try {
      const { view: pushed } = await client.views.push({ trigger_id: body.trigger_id, view });
      if (pushed?.id) return pushed.id;
    } catch (error) {
      deps.log.warn({ problem: slackProblem(error) }, 'a form was not opened over the list');
    }
    const filter = filterIn(body.view?.state.values ?? {});
    await updateView(context, body.view?.id, await adminView(context, body.user.id, filter, NOT_OPENED));
    return null;
  }

  /** Something done from the list, which is shown anew with a word about it. */
  function act(
    action: string,
    work: (body: BlockAction) => Promise<string | null>,
    failed: string = NOT_CHANGED,
  ): void {
    app.action<BlockAction>(action, async ({ ack, body }) => {
      await ack();
      const filter = filterIn(body.view?.state.values ?? {});
      const personId = body.user.id;
      let word: string | null;
      try {
        // What gives anything asks once more, and takes nothing but Slack's word now.
        const standing = await mayTakeAway(deps, personId, ANY_ADMIN);
        word = isRefused(standing) ? refusalSentence(standing.refused) : await work(body);
      } catch (error) {
        deps.log.error({ err: error, action, personId }, 'an administrator’s click could not be carried out');
        word = failed;
      }
      await updateView(context, body.view?.id, await adminView(context, personId, filter, word));
    });
  }
}

/** The list, for an administrator; for anybody else, a word. */
async function adminView(
  context: Pick<SlackContext, 'deps'>,
  personId: string,
  filter: Filter,
  word: string | null,
): Promise<ModalView> {
  const { deps } = context;
  const standing = await mayTakeAway(deps, personId, ANY_ADMIN);
  if (isRefused(standing)) return adminMessage(refusalSentence(standing.refused));
  const [grants, open, frozen] = await Promise.all([
    filtered(context, filter),
    deps.store.openRequests(filter.person === null ? {} : { slackId: filter.person }),
    deps.store.record('freeze', 'bot'),
  ]);
  const requests = open
    .map(({ value }) => value)
    .filter(({ role }) => filter.resource === null || role.startsWith(`${filter.resource}/`));
  const said = word ?? (standingSentence(standing.seenAt).trim() || null);
  return adminModal({ word: said, freeze: frozen.value, grants: grants.map(({ value }) => value), requests });
}

const filtered = ({ deps }: Pick<SlackContext, 'deps'>, { person, resource }: Filter) =>
  deps.store.liveGrants({
    ...(person !== null && { slackId: person }),
    ...(resource !== null && { resourceId: resource }),
  });

/** What of a policy file somebody was shown: its hash, and which list of access that it would strand. */
const shownSchema = z.object({ hash: z.string(), strandedKey: z.string() });

const userSchema = z.object({ selected_user: z.string().nullish() });

const filterIn = (values: ViewValues): Filter => ({
  person: userSchema.safeParse(values[ADMIN.filter]?.[ADMIN.person]).data?.selected_user ?? null,
  resource: readOption(values, ADMIN.filter, ADMIN.resource),
});
