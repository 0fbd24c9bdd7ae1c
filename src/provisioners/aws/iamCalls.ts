/** Calls of IAM, which take only names, through its client. */

import type { IAM } from '@aws-sdk/client-iam';
import { AWS } from '../../wording/targets/aws.ts';
import { askAws } from './client.ts';

export const SERVICE = 'AWS IAM';
const NO_SUCH_ENTITY = 'NoSuchEntityException';

/** The current `id` and `name` in IAM. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface GroupNow extends Named {
  readonly members: readonly Named[];
}

/** An entry of a list of the whole account. */
export interface Listed {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly awsAccount: string | undefined;
}

export function iamCalls(client: () => Promise<IAM>) {
  return {
    /** @returns null if there is none of that name */
    group: async (name: string): Promise<GroupNow | null> => {
      const iam = await client();
      return askAws(SERVICE, () => readGroup(iam, name), NO_SUCH_ENTITY);
    },
    /** @returns null if there is none of that name */
    user: async (name: string): Promise<Named | null> => {
      const iam = await client();
      const found = await askAws(SERVICE, () => iam.getUser({ UserName: name }), NO_SUCH_ENTITY);
      return found && named(found.User?.UserId, found.User?.UserName);
    },
    add: async (group: string, user: string): Promise<void> => {
      const iam = await client();
      await askAws(SERVICE, () => iam.addUserToGroup({ GroupName: group, UserName: user }));
    },
    /** Already gone is success. */
    remove: async (group: string, user: string): Promise<void> => {
      const iam = await client();
      await askAws(SERVICE, () => iam.removeUserFromGroup({ GroupName: group, UserName: user }), NO_SUCH_ENTITY);
    },
    /** Over all pages. */
    allGroups: async (): Promise<readonly Listed[]> => {
      const { paginateListGroups } = await import('@aws-sdk/client-iam');
      const iam = await client();
      const found: Listed[] = [];
      await askAws(SERVICE, async () => {
        for await (const { Groups } of paginateListGroups({ client: iam }, {}))
          found.push(...all(Groups).map(({ GroupId, GroupName, Arn }) => listed(GroupId, GroupName, Arn)));
      });
      return found;
    },
    /** Over all pages. */
    allUsers: async (): Promise<readonly Listed[]> => {
      const { paginateListUsers } = await import('@aws-sdk/client-iam');
      const iam = await client();
      const found: Listed[] = [];
      await askAws(SERVICE, async () => {
        for await (const { Users } of paginateListUsers({ client: iam }, {}))
          found.push(...all(Users).map(({ UserId, UserName, Arn }) => listed(UserId, UserName, Arn)));
      });
      return found;
    },
    /** Checks the permission to list them. @throws if it is missing */
    canList: async (): Promise<void> => {
      const iam = await client();
      await askAws(SERVICE, () => iam.listGroups({ MaxItems: 1 }));
      await askAws(SERVICE, () => iam.listUsers({ MaxItems: 1 }));
    },
  };
}

/** A group with all its members, over all pages. */
async function readGroup(iam: IAM, name: string): Promise<GroupNow> {
  const { paginateGetGroup } = await import('@aws-sdk/client-iam');
  const members: Named[] = [];
  let group: Named | null = null;
  for await (const page of paginateGetGroup({ client: iam }, { GroupName: name })) {
    const now = named(page.Group?.GroupId, page.Group?.GroupName);
    if (group && group.id !== now.id) throw new Error(AWS.groupReplaced(name));
    group = now;
    members.push(...all(page.Users).map(({ UserId, UserName }) => named(UserId, UserName)));
  }
  if (!group) throw new Error(AWS.noAnswerAbout(name));
  return { ...group, members };
}

function named(id: string | undefined, name: string | undefined): Named {
  if (!id || !name) throw new Error(AWS.noIdOrName(SERVICE));
  return { id, name };
}

const listed = (id: string | undefined, name: string | undefined, arn: string | undefined): Listed => ({
  id,
  name,
  awsAccount: arn?.split(':')[4],
});

/** An answer without the list is an error, not an empty list. */
function all<T>(items: readonly T[] | undefined): readonly T[] {
  if (items) return items;
  throw new Error(AWS.noItems(SERVICE));
}
