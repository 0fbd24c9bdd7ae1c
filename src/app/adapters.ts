import { dirname } from 'node:path';
import { createCodeBox } from '../codes/codeBox.ts';
import type { Env } from '../config/env.ts';
import { pagerDutyAddress } from '../domain/accounts.ts';
import type { Policy } from '../domain/policy.ts';
import type { Strike } from '../domain/secrets.ts';
import type { Ledger } from '../ledger/open/ledger.ts';
import { createPolicyEngine } from '../opa/engine.ts';
import { createPagerDuty } from '../pagerduty/client.ts';
import { createIncidentDesk } from '../pagerduty/incidentDesk.ts';
import { createOnCall } from '../pagerduty/onCall.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Meter } from '../ports/meter.ts';
import { connectTargets } from '../provisioners/targets.ts';
import { createDirectory } from '../slack/directory/directory.ts';
import { createClients } from '../slack/link/clients.ts';
import { meteredTargets } from './meteredTargets.ts';
import { withoutSecrets } from './redaction.ts';

interface AdapterOptions {
  readonly env: Env;
  /** The one that the bot starts with. */
  readonly policy: Policy;
  /** The one in force, which can be replaced while the bot runs. */
  readonly policyNow: () => Policy;
  readonly ledger: Pick<Ledger, 'ids' | 'seats'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly strike: Strike;
  readonly meter: Meter;
  /** Called with the Date header of every answer from Slack and PagerDuty. */
  readonly heardDate: (date: string | null) => void;
  /** When the bot is told to stop, nothing waits for a rate limit any longer. */
  readonly ending: AbortSignal;
}

/** Everything that the flow reaches through a port: Slack, PagerDuty, targets, policy engines. Each redacts secrets. */
export function openAdapters({
  env,
  policy,
  policyNow,
  ledger,
  clock,
  log,
  strike,
  meter,
  heardDate,
  ending,
}: AdapterOptions) {
  const { interactive, background } = createClients({
    token: env.slack.botToken,
    apiUrl: env.slack.apiUrl,
    ...{ log, meter, heardDate },
  });
  const pagerDuty = createPagerDuty({ ...env.pagerDuty, clock, log, meter, heardDate, ending });
  const { seats, ids } = ledger;
  return {
    interactive,
    background,
    directory: withoutSecrets(createDirectory(interactive, { clock, log, ending }), strike),
    onCall: withoutSecrets(
      createOnCall(pagerDuty, clock, (person) => pagerDutyAddress(person, policyNow())),
      strike,
    ),
    incidents: withoutSecrets(createIncidentDesk(pagerDuty, env.pagerDuty.from), strike),
    targets: withoutSecrets(meteredTargets(connectTargets(policy, { log, clock, seats, ids }), meter), strike),
    engine: withoutSecrets(createPolicyEngine({ log, directory: dirname(env.policyPath) }), strike),
    codes: createCodeBox(env.secretKey, env.secretKeyBefore),
  };
}
