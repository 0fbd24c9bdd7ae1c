import { z } from 'zod';
import { HOUR, MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import type { Finding } from '../../ports/targets.ts';
import { AWS, AWS_CHECKS, AWS_FIELDS } from '../../wording/targets/aws.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { webAddress } from '../address.ts';
import { membership } from '../membership.ts';
import { placeText } from '../place.ts';
import type { Polling } from '../polling.ts';
import { type Connection, type ListedRole, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import type { Place } from './assigning.ts';
import { type Assignments, assignmentsOf } from './assignments.ts';
import { fromAssignments } from './byHand.ts';

const targetSchema = z.strictObject({
  kind: z.literal('aws_identity_center'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, AWS_FIELDS.region),
  instance: z.string().regex(/^arn:aws[a-z-]*:sso:::instance\/ssoins-[0-9a-f]+$/, AWS_FIELDS.instance),
  identity_store: z.string().regex(/^d-[0-9a-z]+$/, AWS_FIELDS.identityStore),
  /** The longest session of the granted permission sets, because AWS does not end sessions. */
  session: z
    .string()
    .regex(/^([1-9]|1[0-2])h$/, AWS_FIELDS.hours)
    .default('1h'),
  /** The template for user names in Identity Center. */
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{email}"'))
    .default('{email}'),
  endpoint: webAddress().optional(),
});

const roleSchema = z.strictObject({
  assignments: z
    .array(
      z.strictObject({
        account: z.string().regex(/^\d{12}$/, AWS_FIELDS.awsAccount),
        permission_set: z.string().regex(/^arn:aws[a-z-]*:sso:::permissionSet\/\S+$/, AWS_FIELDS.permissionSet),
      }),
    )
    .min(1, TARGET_FIELDS.atLeastOne('assignment')),
});

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const ASSIGNED = 'assigned';
/** Valid user names. https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html */
const USER_NAME = /^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u;
const POLLING: Polling = { every: SECOND, until: 90 * SECOND };

/** Assigns permission sets in accounts to people in AWS Identity Center. */
export const awsIdentityCenter: Provisioner<Target, Role> = {
  kind: 'aws_identity_center',
  targetSchema,
  roleSchema,
  packages: ['@aws-sdk/client-sso-admin', '@aws-sdk/client-identitystore'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ instance, identity_store: store, region, endpoint }) => placeText(instance, store, region, endpoint),
  byHand: fromAssignments,
  connect: connectIdentityCenter,
};

export function connectIdentityCenter(
  target: Target,
  { seats, ids, accountOf }: Use,
  polling: Polling = POLLING,
): Connection<Role> {
  const api = assignmentsOf(target, polling);
  return {
    ...membership(rosterOf(target, api), { seats, ids, accountOf: ({ person }) => accountOf(target.account, person) }),
    afterlife: sessionOf(target),
    check: (roles) => check(target, api, roles),
    close: api.close,
  };
}

const sessionOf = ({ session }: Target): Millis => Number.parseInt(session, 10) * HOUR;

const placeOf = (place: string): Place => {
  const [account = '', permissionSet = ''] = place.split(' ');
  return { account, permissionSet };
};

function rosterOf({ instance }: Target, api: Assignments): Roster<Role> {
  return {
    scope: `aws_identity_center ${instance}`,
    levels: [ASSIGNED],
    expires: false,
    seats: ({ assignments }) =>
      assignments.map(({ account, permission_set }) => ({ place: `${account} ${permission_set}`, level: ASSIGNED })),
    // Account ids and ARNs of permission sets never change and are never reused.
    placeId: async (name) => name,
    personId: async (account) => {
      if (!USER_NAME.test(account)) throw new TargetRefusal(AWS.noSuchUserName(account));
      const userId = await api.userId(account);
      if (userId !== null) return userId;
      throw new TargetRefusal(AWS.noIdentity(account));
    },
    level: async (place, userId) => {
      await api.awaitAssigning(placeOf(place), userId);
      return (await api.assignedUsers(placeOf(place))).includes(userId) ? ASSIGNED : null;
    },
    set: async (place, userId, level) => {
      if (level !== null) return api.assign(placeOf(place), userId);
      // An assignment in progress cannot be removed yet.
      await api.awaitAssigning(placeOf(place), userId);
      await api.unassign(placeOf(place), userId);
    },
    members: async (place) =>
      Promise.all(
        (await api.assignedUsers(placeOf(place))).map(async (id) => ({
          id,
          account: await api.userName(id),
          level: ASSIGNED,
        })),
      ),
  };
}

/** AWS does not tell write permissions without a write. Read permissions and session lengths are checked. */
async function check(target: Target, api: Assignments, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const seats = roles.flatMap(({ role }) => role.assignments);
  const sets = [...new Set(seats.map(({ permission_set }) => permission_set))];
  const accounts = [...new Map(seats.map((one) => [`${one.account} ${one.permission_set}`, one])).values()];
  await api.userId('jitbot-doctor');
  return [
    { ok: true, what: AWS_CHECKS.seesPeople },
    ...(await Promise.all(
      accounts.map(async ({ account, permission_set: permissionSet }): Promise<Finding> => {
        await api.assignedUsers({ account, permissionSet });
        return { ok: true, what: AWS_CHECKS.seesAssigned(permissionSet, account) };
      }),
    )),
    ...(await Promise.all(
      sets.map(async (permissionSet): Promise<Finding> => {
        const text = await api.sessionDuration(permissionSet);
        return {
          ok: isoMillis(text) <= sessionOf(target),
          what: AWS_CHECKS.sessionsLast(permissionSet, target.session),
          fix: AWS_CHECKS.sessionsLonger(text),
        };
      }),
    )),
  ];
}

/** `PT1H30M` */
function isoMillis(text: string): Millis {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?/.exec(text) ?? [];
  return Number(hours) * HOUR + Number(minutes) * MINUTE;
}
