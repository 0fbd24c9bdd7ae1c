import { userObject } from '../methods/objects.ts';
import type { User } from '../workspace.ts';
import { clicksOf } from './clicks.ts';
import { formsOf } from './forms.ts';
import type { People } from './people.ts';
import type { World } from './world.ts';

export function createPeople(world: World): People {
  const clicks = clicksOf(world);
  return { ...clicks, ...formsOf(world, clicks.act), command: commandIn(world), ...comingsOf(world) };
}

function commandIn({ workspace, triggers, responses, link }: World): People['command'] {
  return async (user, command, text, channel) => {
    const payload = {
      command,
      text,
      token: 'sandbox',
      team_id: workspace.team.id,
      team_domain: workspace.team.domain,
      channel_id: channel,
      channel_name: workspace.channels.get(channel)?.name ?? 'directmessage',
      user_id: user,
      user_name: workspace.users.get(user)?.name ?? user,
      api_app_id: workspace.app.id,
      is_enterprise_install: 'false',
      response_url: responses.issue(user, channel),
      trigger_id: triggers.issue(user),
    };
    const answer = (await link.deliver('slash_commands', payload)) as
      | { text?: string; response_type?: string }
      | undefined;
    if (answer?.text) {
      const ephemeralTo = answer.response_type === 'in_channel' ? null : user;
      workspace.post({
        channel,
        user: workspace.app.botUserId,
        text: answer.text,
        blocks: [],
        metadata: null,
        threadTs: null,
        ephemeralTo,
      });
    }
  };
}

/** What the app is told of people who come and go. */
function comingsOf({ workspace, link }: World): Pick<People, 'openHome' | 'deactivate' | 'rename'> {
  const tell = (event: Readonly<Record<string, unknown>>) =>
    link.deliver('events_api', {
      token: 'sandbox',
      team_id: workspace.team.id,
      api_app_id: workspace.app.id,
      type: 'event_callback',
      event_id: workspace.newId('Ev'),
      event_time: Math.floor(workspace.now() / 1000),
      event: { ...event, event_ts: workspace.newTs() },
    });

  const known = (user: string): User => {
    const found = workspace.users.get(user);
    if (!found) throw new Error(`there is nobody ${user}`);
    return found;
  };

  return {
    openHome: async (user) => {
      await tell({ type: 'app_home_opened', user, channel: workspace.directChannel(user).id, tab: 'home' });
    },
    rename: async (user, to) => {
      const renamed = { ...known(user), ...to };
      workspace.users.set(user, renamed);
      workspace.changed();
      await tell({ type: 'user_change', user: userObject(workspace, renamed) });
    },
    deactivate: async (user) => {
      const gone = known(user);
      gone.kind = 'deactivated';
      for (const group of workspace.groups.values()) group.members = group.members.filter((member) => member !== user);
      workspace.changed();
      await tell({ type: 'user_change', user: userObject(workspace, gone) });
    },
  };
}
