import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Access, type Provisioner, TARGET_DEADLINE } from '../provisioner.ts';

const targetSchema = z.strictObject({
  kind: z.literal('webhook'),
  url: z.url({ protocol: /^https?$/, error: 'expected an http or https address' }),
  /** Shared with the receiver, to sign with. */
  secret: z.string().min(16, 'expected at least 16 characters, shared with the receiver'),
});

/** Anything: it is passed on as it stands, for the receiver to make sense of. */
const roleSchema = z.record(z.string(), z.json());

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;
type Action = 'grant' | 'revoke' | 'status';

const answerSchema = z.object({ active: z.boolean(), account: z.string().max(200).optional() });

/** Answers longer than this are not read further into an error message. */
const SHOWN_ANSWER_LENGTH = 200;

/** Asks a service of the team's own to give and take access, by signed HTTP requests. docs: README, "webhook". */
export const webhook: Provisioner<Target, Role> = {
  kind: 'webhook',
  targetSchema,
  roleSchema,
  connect: (target, { clock }) => {
    const call = (action: Action, access: Access<Role>, expiresAt: number | null = null) =>
      send(target, action, access, { expiresAt, now: clock.now() });
    return {
      grant: async (access, expiresAt) => {
        const answer = await call('grant', access, expiresAt);
        if (!answer.active) throw new Error(`${hostOf(target)} answered the grant with "active": false`);
        return { account: answer.account ?? access.person.email };
      },
      revoke: async (access) => void (await call('revoke', access)),
      isActive: async (access) => (await call('status', access)).active,
      check: async (roles) => {
        const person = { slackId: 'U0DOCTOR', name: 'jit doctor', email: 'jit-doctor@example.com' };
        const grantId = 'GDOCTOR';
        for (const { roleKey, role } of roles) {
          const { active } = await call('status', { grantId, person, role, roleKey });
          if (active)
            return [{ ok: false, what: `asked about a grant that never was, ${hostOf(target)} says it is active` }];
        }
        return [{ ok: true, what: `${hostOf(target)} accepts our signature and answers` }];
      },
      close: async () => undefined,
    };
  },
};

async function send(
  target: Target,
  action: Action,
  access: Access<Role>,
  { expiresAt, now }: { expiresAt: number | null; now: number },
): Promise<z.infer<typeof answerSchema>> {
  const body = JSON.stringify({
    action,
    grant_id: access.grantId,
    role: access.roleKey,
    grants: access.role,
    person: { email: access.person.email, name: access.person.name, slack_id: access.person.slackId },
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  });
  const timestamp = String(Math.floor(now / 1000));
  const signature = createHmac('sha256', target.secret).update(`${timestamp}.${body}`).digest('hex');
  const response = await fetch(target.url, {
    method: 'POST',
    body,
    // A redirect would carry the signed body to a host that the policy does not name.
    redirect: 'error',
    signal: AbortSignal.timeout(TARGET_DEADLINE),
    headers: {
      'content-type': 'application/json',
      'idempotency-key': `${access.grantId}:${action}`,
      'x-jit-timestamp': timestamp,
      'x-jit-signature': `v1=${signature}`,
    },
  }).catch((error: unknown) => {
    throw new Error(`${hostOf(target)} could not be reached to ${action}`, { cause: error });
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(
      `${hostOf(target)} answered ${action} with ${response.status}: ${text.slice(0, SHOWN_ANSWER_LENGTH)}`,
    );
  return parseAnswer(text, target, action);
}

function parseAnswer(text: string, target: Target, action: Action): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${hostOf(target)} answered ${action} with something that is not {"active": true or false}`, {
      cause: error,
    });
  }
}

const hostOf = (target: Target): string => new URL(target.url).host;
