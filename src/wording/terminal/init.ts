/** `jitbot init`: what it asks, and what to do next. */

export const INIT_ASKS = {
  'audit-channel': 'Id of the audit channel (C…)',
  'approvals-channel': 'Id of the approvals channel (C…)',
  admin: 'Slack id of an administrator (U…), or of a user group (S…)',
  reviewers: 'Slack id of who approves: a user group (S…) or a person (U…)',
  'escalation-policy': 'Id of the PagerDuty escalation policy whose people on call get access automatically (P…)',
  kind: (kinds: readonly string[]): string => `Kind of the first resource (${kinds.join(', ')})`,
  resource: 'Name of the first resource, such as payments-db',
  tryAgain: '  That does not look like one. Try again.',
} as const;

export const INIT_SAYS = {
  written: (path: string, schema: string): string => `Wrote ${path}, and ${schema} for your editor.`,
  next: ({ path, kind, variables }: { path: string; kind: string; variables: readonly string[] }): string => {
    const steps = [
      'jitbot manifest > manifest.yml, and paste it at https://api.slack.com/apps → Create New App → From a manifest',
      'Install the app, and /invite @jit to both channels',
      'Make a PagerDuty key: Integrations → API Access Keys',
      `Set ${['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'PAGERDUTY_TOKEN', 'JIT_DATABASE', ...variables].join(', ')}, and JIT_POLICY=${path}`,
      `Give the bot its rights at the target: docs/targets/${kind}.md lists them`,
      `jitbot policy check ${path} --online, and jitbot doctor ${path}`,
      'jitbot start (in a checkout: npm start)',
    ];
    return `Next:\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`;
  },
} as const;
