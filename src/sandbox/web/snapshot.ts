/** Everything the page shows, in one piece: small enough to be sent whole at every change. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { onCallAt, shiftAt } from '../pagerduty/account.ts';
import type { RunningSandbox } from '../run.ts';

interface Manifest {
  features: {
    app_home: { messages_tab_enabled: boolean; messages_tab_read_only_enabled: boolean };
    slash_commands?: { command: string; description: string; usage_hint?: string }[];
    shortcuts?: { name: string; type: 'message' | 'global'; callback_id: string; description: string }[];
  };
}

const manifest = parse(readFileSync(new URL('../../../manifest.yml', import.meta.url), 'utf8')) as Manifest;

/** Whether people can write to the app in its direct messages: Slack shows them no box then. */
export const isReadOnlyHome = manifest.features.app_home.messages_tab_read_only_enabled;

export type Snapshot = ReturnType<typeof snapshot>;

export function snapshot({ sandbox, clock, bot, lock }: RunningSandbox) {
  const { workspace, link } = sandbox.slack;
  const { account } = sandbox.pagerDuty;
  const now = clock.now();
  const nameOf = (id: string) => account.users.find((user) => user.id === id)?.name ?? id;
  return {
    now,
    team: workspace.team,
    app: workspace.app,
    commands: manifest.features.slash_commands ?? [],
    shortcuts: manifest.features.shortcuts ?? [],
    isReadOnlyHome,
    users: [...workspace.users.values()].map((user) => ({ ...user, onCall: onCallLabel(user.email) })),
    groups: [...workspace.groups.values()],
    channels: [...workspace.channels.values()].map((channel) => ({ ...channel, members: [...channel.members] })),
    messages: workspace.messages,
    views: [...workspace.views.values()],
    homes: Object.fromEntries(workspace.homes),
    pagerDuty: {
      schedules: account.schedules.map((schedule) => {
        const shift = shiftAt(schedule, now);
        return {
          id: schedule.id,
          name: schedule.name,
          isShiftBased: schedule.customShifts !== undefined,
          rotation: schedule.rotation.map((id) => ({ id, name: nameOf(id) })),
          now: shift && { user: shift.user, name: nameOf(shift.user), until: shift.end },
        };
      }),
      onCall: onCallAt(account, now).map((entry) => ({
        name: nameOf(entry.user),
        policy: entry.escalationPolicy.name,
        level: entry.level,
        until: entry.end,
      })),
      users: account.users.map(({ id, name }) => ({ id, name })),
      services: account.services.map(({ id, name }) => ({ id, name })),
      incidents: account.incidents.map((incident) => ({
        ...incident,
        assignee: nameOf(incident.assignees[0] ?? ''),
        serviceName: account.services.find((service) => service.id === incident.service)?.name ?? '',
      })),
    },
    faults: { slack: sandbox.slack.faults.list(), pagerDuty: sandbox.pagerDuty.faults.list() },
    isDatabaseLocked: lock.isHeld(),
    bot: { running: bot.running(), connections: link.connections() },
  };

  function onCallLabel(email: string): string | null {
    const user = account.users.find((other) => other.email.toLowerCase() === email);
    const entry = user && onCallAt(account, now).find((other) => other.user === user.id);
    return entry ? `on call, level ${entry.level} for ${entry.escalationPolicy.name}` : null;
  }
}
