import { type Methods, POSTING, TIER_2 } from './method.ts';

/** The app itself. */
export const appMethods: Methods = ({ workspace, socketUrl }) => ({
  'auth.test': {
    scopes: [],
    perMinute: POSTING,
    call: () => ({
      url: `https://${workspace.team.domain}.slack.com/`,
      team: workspace.team.name,
      team_id: workspace.team.id,
      user: workspace.app.name,
      user_id: workspace.app.botUserId,
      bot_id: workspace.app.botId,
    }),
  },
  'apps.connections.open': { scopes: ['connections:write'], perMinute: TIER_2, call: () => ({ url: socketUrl() }) },
});
