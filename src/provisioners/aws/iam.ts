import { z } from 'zod';
import { once } from '../../concurrency/once.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import { AWS, AWS_CHECKS, AWS_FIELDS } from '../../wording/targets/aws.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { webAddress } from '../address.ts';
import { membership } from '../membership.ts';
import { placeText } from '../place.ts';
import { type Access, type ListedRole, type Provisioner, TargetRefusal } from '../provisioner.ts';
import type { Member, Roster } from '../roster.ts';
import { fromGroups } from './byHand.ts';
import { clientOptions, inTime } from './client.ts';
import { type IamDirectory, iamDirectory } from './iamDirectory.ts';

const name = z.string().regex(/^[\w+=,.@-]+$/, AWS_FIELDS.groupName);

const targetSchema = z.strictObject({
  kind: z.literal('aws_iam'),
  /** The AWS account, which distinguishes targets in different accounts. */
  aws_account: z.string().regex(/^\d{12}$/, AWS_FIELDS.awsAccount),
  /** IAM users' names. */
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{email_name}"'))
    .default('{email_name}'),
  endpoint: webAddress().optional(),
});

const roleSchema = z.strictObject({ groups: z.array(name).min(1, TARGET_FIELDS.atLeastOne('group')) });

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const MEMBER = 'member';
/** IAM is global; requests are signed for this region. */
const REGION = 'us-east-1';

/** Membership of IAM users in IAM groups. AWS evaluates it with every request, so no session outlives it. */
export const awsIam: Provisioner<Target, Role> = {
  kind: 'aws_iam',
  targetSchema,
  roleSchema,
  packages: ['@aws-sdk/client-iam'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ aws_account: account, endpoint }) => placeText(account, endpoint),
  byHand: fromGroups,
  connect: (target, { seats, ids, accountOf }) => {
    // The package is loaded with the first call, so that it need not be installed for other targets.
    const opened = once(async () => {
      const { IAM: Iam } = await import('@aws-sdk/client-iam');
      return inTime(new Iam(clientOptions({ region: REGION, endpoint: target.endpoint })));
    });
    const directory = iamDirectory(target.aws_account, opened.get);
    const uses = { seats, ids, accountOf: ({ person }: Access<Role>) => accountOf(target.account, person) };
    const connection = membership(rosterOf(target, directory), uses);
    /** Group names from the policy, to look up first, so that not all groups have to be searched after a start. */
    const expecting =
      <T>(call: (access: Access<Role>) => Promise<T>) =>
      (access: Access<Role>): Promise<T> => {
        directory.expect(access.role.groups);
        return call(access);
      };
    return {
      ...connection,
      revoke: expecting(connection.revoke),
      isActive: expecting(connection.isActive),
      check: (roles) => check(directory, roles),
      close: async () => (await opened.begun())?.destroy(),
    };
  },
};

function rosterOf({ aws_account: account }: Target, directory: IamDirectory): Roster<Role> {
  const groupWith = async (id: string) => {
    const found = await directory.group(id);
    if (!found) throw new TargetRefusal(AWS.groupIdGone(id, account));
    return found;
  };
  return {
    scope: `aws_iam ${account}`,
    levels: [MEMBER],
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (name) => {
      const found = await directory.groupNamed(name);
      if (found) return found.id;
      throw new TargetRefusal(AWS.noGroup(name, account));
    },
    personId: directory.userId,
    level: async (place, person) => {
      const members = (await directory.group(place))?.members ?? [];
      return members.some(({ id }) => id === person) ? MEMBER : null;
    },
    set: async (place, person, level) => {
      if (level !== null) return directory.add((await groupWith(place)).name, await directory.userName(person));
      const group = await directory.group(place);
      // The current name of the id in the group's list.
      const member = group?.members.find(({ id }) => id === person);
      if (group && member) await directory.remove(group.name, member.name);
    },
    members: async (place) =>
      (await groupWith(place)).members.map(({ id, name: user }): Member => ({ id, account: user, level: MEMBER })),
  };
}

/** AWS does not tell write permissions without a write. Read permissions are checked. */
async function check(directory: IamDirectory, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const groups = [...new Set(roles.flatMap(({ role }) => role.groups))];
  const finding = (what: string, asked: Promise<unknown>, fix: string): Promise<Finding> =>
    asked.then(
      () => ({ ok: true, what }),
      (error: unknown) => ({ ok: false, what: `${what}: ${errorText(error)}`, fix }),
    );
  const look = async (group: string) => {
    if (!(await directory.groupNamed(group))) throw new Error(AWS.groupNotFound(group));
  };
  return Promise.all([
    ...groups.map((group) => finding(AWS_CHECKS.seesGroup(group), look(group), AWS_CHECKS.groupRights)),
    finding(AWS_CHECKS.findsRenamed, directory.canFind(), AWS_CHECKS.listRights),
  ]);
}
