/** People, messages and views as Slack's answers and events have them. */

import type { Message, OpenView, User, Workspace } from '../workspace.ts';

export function userObject(workspace: Workspace, user: User) {
  const foreign = user.kind === 'external';
  return {
    id: user.id,
    team_id: foreign ? 'T0ELSEWHERE' : workspace.team.id,
    name: user.name,
    real_name: user.realName,
    deleted: user.kind === 'deactivated',
    is_bot: user.kind === 'bot',
    is_restricted: user.kind === 'guest',
    is_ultra_restricted: false,
    ...(foreign && { is_stranger: true }),
    tz: user.timeZone,
    profile: {
      real_name: user.realName,
      display_name: user.realName,
      ...(user.kind !== 'bot' && { email: user.email }),
    },
  };
}

export function messageObject(workspace: Workspace, message: Message, withMetadata: boolean) {
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    blocks: message.blocks,
    team: workspace.team.id,
    ...(message.app && { bot_id: message.app.botId, app_id: message.app.id }),
    ...(message.threadTs && { thread_ts: message.threadTs }),
    ...(message.isEdited && { edited: { user: message.editedBy ?? message.user, ts: message.ts } }),
    ...(withMetadata && message.metadata && { metadata: message.metadata }),
  };
}

export function viewObject(workspace: Workspace, open: OpenView) {
  return {
    id: open.id,
    team_id: workspace.team.id,
    app_id: workspace.app.id,
    bot_id: workspace.app.botId,
    private_metadata: '',
    callback_id: '',
    external_id: '',
    ...open.view,
    state: { values: open.values },
    hash: open.hash,
    previous_view_id: open.previousId,
    root_view_id: open.previousId ?? open.id,
    app_installed_team_id: workspace.team.id,
  };
}
