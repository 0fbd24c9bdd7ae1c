import type { IAM } from '@aws-sdk/client-iam';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports.ts';
import { webAddress } from '../address.ts';
import { membership } from '../membership.ts';
import { placeText } from '../place.ts';
import { type ListedRole, type Provisioner, TargetRefusal } from '../provisioner.ts';
import type { Member, Roster } from '../roster.ts';
import { askAws, clientOptions } from './client.ts';

const name = z.string().regex(/^[\w+=,.@-]+$/, 'expected the name of an IAM group');

const targetSchema = z.strictObject({
  kind: z.literal('aws_iam'),
  /** The AWS account: so that two targets in different accounts are told apart. */
  aws_account: z.string().regex(/^\d{12}$/, 'expected the twelve digits of an AWS account, in quotes'),
  /** IAM users' names. */
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email_name}"')
    .default('{email_name}'),
  endpoint: webAddress().optional(),
});

const roleSchema = z.strictObject({ groups: z.array(name).min(1, 'name at least one group') });

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const SERVICE = 'AWS IAM';
const MEMBER = 'member';
/** IAM is one for all regions; requests are signed for this one. */
const REGION = 'us-east-1';
const NO_SUCH_USER = 'NoSuchEntityException';

/** Membership of IAM groups, of IAM users. What a group allows is looked at with every request, so nothing lives on. */
export const awsIam: Provisioner<Target, Role> = {
  kind: 'aws_iam',
  targetSchema,
  roleSchema,
  packages: ['@aws-sdk/client-iam'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ aws_account: account, endpoint }) => placeText(account, endpoint),
  connect: (target, { seats, ids, accountOf }) => {
    let opened: Promise<IAM> | null = null;
    // The package is loaded with the first call: who uses no such target need not have it.
    const client = (): Promise<IAM> => {
      opened ??= import('@aws-sdk/client-iam').then(
        ({ IAM: Iam }) => new Iam(clientOptions({ region: REGION, endpoint: target.endpoint })),
      );
      return opened;
    };
    const roster = rosterOf(target, client);
    return {
      ...membership(roster, { seats, ids, accountOf: ({ person }) => accountOf(target.account, person) }),
      check: (roles) => check(roster, roles),
      close: async () => (await opened)?.destroy(),
    };
  },
};

function rosterOf({ aws_account: account }: Target, client: () => Promise<IAM>): Roster<Role> {
  return {
    scope: `aws_iam ${account}`,
    levels: [MEMBER],
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (name) => name,
    personId: async (account) => account,
    level: async (place, user) => {
      const { paginateListGroupsForUser } = await import('@aws-sdk/client-iam');
      const iam = await client();
      const isIn = await askAws(
        SERVICE,
        async () => {
          for await (const { Groups } of paginateListGroupsForUser({ client: iam }, { UserName: user }))
            if (Groups?.some(({ GroupName }) => GroupName === place)) return true;
          return false;
        },
        NO_SUCH_USER,
      );
      return isIn === true ? MEMBER : null;
    },
    set: async (place, user, level) => {
      const iam = await client();
      const both = { GroupName: place, UserName: user };
      if (level === null) {
        await askAws(SERVICE, () => iam.removeUserFromGroup(both), NO_SUCH_USER);
        return;
      }
      const found = await askAws(SERVICE, () => iam.getUser({ UserName: user }), NO_SUCH_USER);
      if (!found) throw new TargetRefusal(`there is no IAM user ${user} in the AWS account ${account}`);
      await askAws(SERVICE, () => iam.addUserToGroup(both));
    },
    members: async (place) => {
      const { paginateGetGroup } = await import('@aws-sdk/client-iam');
      const iam = await client();
      const found: Member[] = [];
      await askAws(SERVICE, async () => {
        for await (const { Users } of paginateGetGroup({ client: iam }, { GroupName: place }))
          for (const { UserName } of Users ?? [])
            if (UserName) found.push({ id: UserName, account: UserName, level: MEMBER });
      });
      return found;
    },
  };
}

/** What it may write, AWS does not say without writing; that it reads is asked. */
async function check(roster: Roster<Role>, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const groups = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return Promise.all(
    groups.map(
      (group): Promise<Finding> =>
        roster.members(group).then(
          () => ({ ok: true, what: `the bot sees who is in the group ${group}` }),
          (error: unknown) => ({
            ok: false,
            what: `the bot sees who is in the group ${group}: ${errorText(error)}`,
            fix: 'Is the name right? The bot needs iam:GetGroup, iam:GetUser, iam:ListGroupsForUser, iam:AddUserToGroup and iam:RemoveUserFromGroup.',
          }),
        ),
    ),
  );
}
