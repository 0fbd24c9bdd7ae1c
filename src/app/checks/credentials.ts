import type { Env } from '../../config/env.ts';

/** The credentials that the checks use. What is null is missing, and what needs it is reported as not checked. */
export interface Credentials {
  readonly slack: { readonly apiUrl: string; readonly botToken: string | null; readonly appToken: string | null };
  readonly isSigningSecretSet: boolean;
  readonly pagerDuty: {
    readonly apiUrl: string;
    readonly token: string | null;
    readonly from: string | null;
    readonly hasWebhookSecret: boolean;
  };
  readonly databasePath: string | null;
}

/** Reads them from an environment that may be incomplete. */
export const credentialsIn = (variables: NodeJS.ProcessEnv): Credentials => ({
  slack: {
    apiUrl: withSlash(variables.SLACK_API_URL || 'https://slack.com/api/'),
    botToken: variables.SLACK_BOT_TOKEN || null,
    appToken: variables.SLACK_APP_TOKEN || null,
  },
  isSigningSecretSet: Boolean(variables.SLACK_SIGNING_SECRET),
  pagerDuty: {
    apiUrl: (variables.PAGERDUTY_API_URL || 'https://api.pagerduty.com').replace(/\/+$/, ''),
    token: variables.PAGERDUTY_TOKEN || null,
    from: variables.PAGERDUTY_FROM || null,
    hasWebhookSecret: Boolean(variables.PAGERDUTY_WEBHOOK_SECRET),
  },
  databasePath: variables.JIT_DATABASE || null,
});

/** Takes them from the checked environment of a running bot. */
export const credentialsOf = ({ slack, pagerDuty, databasePath }: Env): Credentials => ({
  slack: {
    apiUrl: slack.apiUrl,
    botToken: slack.botToken,
    appToken: slack.transport.mode === 'socket' ? slack.transport.appToken : null,
  },
  isSigningSecretSet: slack.transport.mode === 'http',
  pagerDuty: {
    apiUrl: pagerDuty.apiUrl,
    token: pagerDuty.token,
    from: pagerDuty.from,
    hasWebhookSecret: pagerDuty.webhookSecret !== null,
  },
  databasePath,
});

const withSlash = (address: string): string => (address.endsWith('/') ? address : `${address}/`);
