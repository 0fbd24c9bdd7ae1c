import { type Methods, POSTING, TIER_2 } from './method.ts';

/** The app itself. */
export const appMethods: Methods = ({ workspace, socketUrl }) => ({
  'auth.test': {
    scopes: [],
    perMinute: POSTING,
    call: (_args, caller) => ({
      url: `https://${workspace.team.domain}.slack.com/`,
      team: workspace.team.name,
      team_id: workspace.team.id,
      user: workspace.users.get(caller.user)?.name,
      user_id: caller.user,
      // Only for a bot's token.
      ...(workspace.users.get(caller.user)?.kind === 'bot' && { bot_id: caller.app.botId }),
    }),
  },
  'apps.connections.open': { scopes: ['connections:write'], perMinute: TIER_2, call: () => ({ url: socketUrl() }) },
});
