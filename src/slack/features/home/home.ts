/** App Home: a person's own access and requests in one place. */

import { createHash } from 'node:crypto';
import type { App, BlockAction } from '@slack/bolt';
import type { HomeView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Person } from '../../../domain/person.ts';
import { roleKey } from '../../../domain/policy.ts';
import { isRefused } from '../../../domain/refusal.ts';
import { known, type RoleKey } from '../../../domain/terms.ts';
import { mayBreakGlass } from '../../../lifecycle/breakGlass/mayBreakGlass.ts';
import type { Deps } from '../../../lifecycle/deps.ts';
import { reviewableBy } from '../../../lifecycle/people/eligibility.ts';
import { hasSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { possibleNow } from '../../../lifecycle/request/outlook.ts';
import type { PostBook } from '../../../ports/posts.ts';
import { HELP } from '../../../wording/commands.ts';
import { HOME } from '../../../wording/home.ts';
import { section } from '../../kit/blocks.ts';
import { tellClicker } from '../../kit/clickAnswers.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn } from '../../kit/drawn.ts';
import { messageModal, openView } from '../../kit/forms.ts';
import { possibleWith, roleNameIn } from '../../outbox/shown.ts';
import { helpText } from '../commands/commands.ts';
import { possibleSentence } from '../commands/onCall.ts';
import { openForm } from '../request/form.ts';
import { HOME_ACTIONS, homeView, MOST_POSSIBLE } from './view.ts';

/** Maximum number of own requests to show. */
const LATELY = 5;

export interface Home {
  /** Shows the current state. */
  show(slackId: string, word?: string): Promise<void>;
  /** Updates it for a person who has opened it before. */
  refresh(slackId: string): Promise<void>;
}

export function createHome(deps: Deps, client: WebClient, posts: PostBook): Home {
  const keyOf = (slackId: string) => `home:${slackId}`;
  async function publish(slackId: string, view: HomeView): Promise<void> {
    await client.views.publish({ user_id: slackId, view });
    const digest = createHash('sha256').update(JSON.stringify(view)).digest('hex');
    await posts.keep(keyOf(slackId), { channel: slackId, ts: '', digest });
  }
  return {
    show: async (slackId, word) => publish(slackId, await viewFor(deps, slackId, word ?? null)),
    refresh: async (slackId) => {
      if (await posts.find(keyOf(slackId))) await publish(slackId, await viewFor(deps, slackId, null));
    },
  };
}

async function viewFor(deps: Deps, slackId: string, word: string | null): Promise<HomeView> {
  const person = await deps.directory.person(slackId);
  const [held, recent, toReview, possible] = await everything(deps, slackId, person.known ? person.value : null);
  const asked = recent.slice(0, LATELY);
  const refused = person.known ? null : drawn(HOME.refused(person.problem));
  const isWaiting = asked.some(({ state }) => state === 'pending' || state === 'scheduled');
  if (refused !== null && held.length === 0 && !isWaiting) return { type: 'home', blocks: [section(refused)] };
  const named = (role: RoleKey) => roleNameIn(deps.policy, role);
  const open = possible.known ? possible.value.filter(({ outlook }) => !isRefused(outlook)) : [];
  return homeView({
    now: deps.clock.now(),
    environment: deps.policy.environment,
    timeZone: person.known ? person.value.timeZone : (held[0]?.value.person.timeZone ?? 'UTC'),
    // A person whom Slack does not confirm can still end their own access.
    word: refused === null ? word : [word, refused].filter(Boolean).join('\n'),
    held: held.map(({ value: grant }) => ({
      grant,
      roleName: named(grant.role),
      ...possibleWith(deps, grant),
    })),
    asked: asked.map((request) => ({ request, roleName: named(request.role) })),
    toReview: toReview.map((request) => ({ request, roleName: named(request.role) })),
    possible: open
      .slice(0, MOST_POSSIBLE)
      .map((one) => ({ key: roleKey(one.role), text: drawn(possibleSentence(deps, one)) })),
    possibleCount: open.length,
    hasEarlier: recent.length > asked.length,
    mayBreakGlass: person.known && (await mayBreakGlass(deps, slackId)),
    needsCodes: person.known && (await needsCodes(deps, slackId)),
    // Roles that are held or requested are shown above.
    nothingBecause: possible.known ? null : possible.problem,
  });
}

/** @param person null if Slack does not confirm the person, who then can neither review nor ask */
const everything = (deps: Deps, slackId: string, person: Person | null) =>
  Promise.all([
    deps.store.liveGrants({ slackId }),
    deps.store.recentRequests(slackId, LATELY + 1),
    person ? reviewableBy(deps, person) : [],
    person ? possibleNow(deps, person) : known([]),
  ]);

/** Whether a role asks for one-time codes and the person has not set them up. */
async function needsCodes(deps: Deps, slackId: string): Promise<boolean> {
  const roles = [...deps.policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const isAsked = roles.some(({ secondFactor }) => secondFactor.request || secondFactor.review);
  return isAsked && deps.codes.canSeal && !(await hasSecondFactor(deps, slackId));
}

export function listenToHome(app: App, context: SlackContext): void {
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') await context.showHome(event.user);
  });
  for (const mode of ['request', 'break_glass'] as const) {
    const action = mode === 'request' ? HOME_ACTIONS.ask : HOME_ACTIONS.breakGlass;
    onClick(action, (body) => openForm(context, { triggerId: body.trigger_id, personId: body.user.id }, { mode }));
  }
  onClick(HOME_ACTIONS.help, async (body) => {
    await openView(context, body.trigger_id, messageModal(HELP.title, [section(helpText())]));
  });

  function onClick(action: string, open: (body: BlockAction) => Promise<void>): void {
    app.action<BlockAction>(action, async ({ ack, body, respond }) => {
      await ack();
      await tellClicker(context, { body, respond }, async () => {
        await open(body);
        return null;
      });
    });
  }
}
