import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import { isRefused } from '../../domain/refusal.ts';
import { counted } from '../../domain/text.ts';
import { readObject } from '../../http/json.ts';
import { checkAdmin } from '../../lifecycle/eligibility.ts';
import { revokeGrant } from '../../lifecycle/endGrant.ts';
import { freeze, unfreeze } from '../../lifecycle/freeze.ts';
import { previewReload, reloadPolicy } from '../../lifecycle/reloadPolicy.ts';
import { resetSecondFactor } from '../../lifecycle/secondFactor.ts';
import { plainText } from '../blocks.ts';
import { clickedValue } from '../clicks.ts';
import type { Command } from '../commands/command.ts';
import type { SlackContext } from '../context.ts';
import { FAILED } from '../request/answers.ts';
import { readOption, readText, type ViewValues } from '../request/values.ts';
import { waitModal } from '../review/modals.ts';
import { refusalSentence } from '../sentences.ts';
import { updateView } from '../views.ts';
import {
  ADMIN,
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
  help: 'for administrators: who holds what, end it, freeze everything, reload the policy',
  run: async (call) => {
    const opened = await call.client.views.open({ trigger_id: call.triggerId, view: waitModal('Administration') });
    await updateView(call, opened.view?.id, await adminView(call, call.personId, NO_FILTER, null));
  },
};

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
    return ack({ options: found.slice(0, 100).map(({ id, name }) => ({ text: plainText(name), value: id })) });
  });

  for (const action of [ADMIN.person, ADMIN.resource]) act(action, async () => null);
  act(ADMIN.end, async (body) => {
    const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
    return isRefused(result) ? refusalSentence(result.refused) : ':lock: Taking it back now.';
  });
  act(ADMIN.endAll, async (body, filter) => {
    let ended = 0;
    for (const { value } of await filtered(context, filter)) {
      const result = await revokeGrant(deps, { grantId: value.id, personId: body.user.id });
      if (!isRefused(result)) ended += 1;
    }
    return `:lock: Taking ${ended} back now.`;
  });
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
    const live = (await deps.store.liveGrants({})).length;
    await client.views.push({ trigger_id: body.trigger_id, view: freezeModal(live) });
  });
  app.view(FREEZE_MODAL, async ({ ack, view, body }) => {
    const reason = readText(view.state.values, FREEZE_REASON, FREEZE_REASON);
    const result = await freeze(deps, { personId: body.user.id, reason });
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [FREEZE_REASON]: refusalSentence(result.refused) } })
      : ack({
          response_action: 'update',
          view: adminMessage(
            `:rotating_light: *Frozen.* ${counted(result.live, 'live grant ends', 'live grants end')} now, and everybody is told.`,
          ),
        });
  });

  app.action<BlockAction>(ADMIN.reload, async ({ ack, body }) => {
    await ack();
    const reload = await previewReload(deps, body.user.id);
    const view = isRefused(reload) ? adminMessage(refusalSentence(reload.refused)) : reloadModal(reload);
    await client.views.push({ trigger_id: body.trigger_id, view });
  });
  app.view(RELOAD_MODAL, async ({ ack, view, body }) => {
    // Anything of another shape shows nothing, so the file is shown again.
    const shown = shownSchema.safeParse(readObject(view.private_metadata)).data ?? { hash: '', strandedKey: '' };
    const result = await reloadPolicy(deps, {
      personId: body.user.id,
      hash: shown.hash,
      wasShown: (stranded) => strandedKey(stranded) === shown.strandedKey,
    });
    const answer = isRefused(result) ? adminMessage(refusalSentence(result.refused)) : reloadModal(result);
    return ack({ response_action: 'update', view: answer });
  });

  /** Something done from the list, which is shown anew with a word about it. */
  function act(action: string, work: (body: BlockAction, filter: Filter) => Promise<string | null>): void {
    app.action<BlockAction>(action, async ({ ack, body }) => {
      await ack();
      const filter = filterIn(body.view?.state.values ?? {});
      const personId = body.user.id;
      let word: string | null;
      try {
        const standing = await checkAdmin(deps, personId);
        word = isRefused(standing) ? refusalSentence(standing.refused) : await work(body, filter);
      } catch (error) {
        deps.log.error({ err: error, action, personId }, 'an administrator’s click could not be carried out');
        word = FAILED;
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
  const standing = await checkAdmin(deps, personId);
  if (isRefused(standing)) return adminMessage(refusalSentence(standing.refused));
  const [grants, open, frozen] = await Promise.all([
    filtered(context, filter),
    deps.store.openRequests(filter.person === null ? {} : { slackId: filter.person }),
    deps.store.record('freeze', 'bot'),
  ]);
  const requests = open
    .map(({ value }) => value)
    .filter(({ role }) => filter.resource === null || role.startsWith(`${filter.resource}/`));
  return adminModal({ word, freeze: frozen.value, grants: grants.map(({ value }) => value), requests });
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
