import type { AppLink } from '../delivery.ts';
import type { Triggers } from '../methods/triggers.ts';
import type { Responses } from '../responses.ts';
import type { Workspace } from '../workspace.ts';

/** What everything that a person does in Slack's own apps goes through. */
export interface World {
  readonly workspace: Workspace;
  readonly triggers: Triggers;
  readonly responses: Responses;
  readonly link: AppLink;
}

/** What every interaction says of who did it, and where. */
export const common = ({ workspace }: Pick<World, 'workspace'>, user: string) => ({
  team: { id: workspace.team.id, domain: workspace.team.domain },
  user: {
    id: user,
    username: workspace.users.get(user)?.name,
    name: workspace.users.get(user)?.name,
    team_id: workspace.team.id,
  },
  api_app_id: workspace.app.id,
  token: 'sandbox',
  enterprise: null,
  is_enterprise_install: false,
});
