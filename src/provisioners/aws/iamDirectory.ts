import type { Group, IAM, User } from '@aws-sdk/client-iam';
import { TargetRefusal } from '../provisioner.ts';
import { askAws } from './client.ts';

/**
 * Groups and users of IAM by their ids (AGPA…, AIDA…), which IAM never gives out again. Its calls take names only, and both
 * can be renamed: so each name is looked up by its id, and an answer counts where it carries that id.
 */

const SERVICE = 'AWS IAM';
const NO_SUCH_ENTITY = 'NoSuchEntityException';

/** `id` and `name` are as IAM has them now. */
interface Named {
  readonly id: string;
  readonly name: string;
}
interface GroupNow extends Named {
  readonly members: readonly Named[];
}

export type IamDirectory = ReturnType<typeof iamDirectory>;

export function iamDirectory(awsAccount: string, client: () => Promise<IAM>) {
  /** What ids were called when they were last seen: where to look first. */
  const lastNames = new Map<string, string>();
  /** Names of groups in the policy file: looked at before all groups are. */
  const expected = new Set<string>();
  const seen = ({ id, name }: Named): Named => {
    lastNames.set(id, name);
    return { id, name };
  };
  const named = (id: string | undefined, name: string | undefined): Named => {
    if (!id || !name) throw new Error(`${SERVICE} answered without an id or a name`);
    return seen({ id, name });
  };
  const all = <T>(items: readonly T[] | undefined): readonly T[] => {
    if (items) return items;
    throw new Error(`${SERVICE} answered a list without its items`);
  };

  /** null: there is none of that name. */
  async function groupNamed(name: string): Promise<GroupNow | null> {
    const { paginateGetGroup } = await import('@aws-sdk/client-iam');
    const iam = await client();
    return askAws(
      SERVICE,
      async () => {
        const members: Named[] = [];
        let group: Named | null = null;
        for await (const page of paginateGetGroup({ client: iam }, { GroupName: name })) {
          const now = named(page.Group?.GroupId, page.Group?.GroupName);
          if (group && group.id !== now.id) throw new Error(`the group ${name} became another one while it was read`);
          group = now;
          members.push(...all(page.Users).map(({ UserId, UserName }) => named(UserId, UserName)));
        }
        if (!group) throw new Error(`there was no answer about the group ${name}`);
        return { ...group, members };
      },
      NO_SUCH_ENTITY,
    );
  }

  /** null: there is none of that name. */
  async function userNamed(name: string): Promise<Named | null> {
    const iam = await client();
    const found = await askAws(SERVICE, () => iam.getUser({ UserName: name }), NO_SUCH_ENTITY);
    return found && named(found.User?.UserId, found.User?.UserName);
  }

  /** Whether what was listed is of the account of the policy file: in another one, nothing of an id says nothing. */
  function checkAccount(what: string, listed: readonly { readonly Arn: string | undefined }[]): void {
    if (listed.some(({ Arn }) => Arn?.split(':')[4] === awsAccount)) return;
    throw new Error(
      `${SERVICE} shows no ${what} of the AWS account ${awsAccount}: are these the credentials of that account?`,
    );
  }

  /** Over all pages. null: there is none with that id, in this account. */
  async function findGroup(id: string): Promise<string | null> {
    const { paginateListGroups } = await import('@aws-sdk/client-iam');
    const iam = await client();
    const groups: Group[] = [];
    await askAws(SERVICE, async () => {
      for await (const { Groups } of paginateListGroups({ client: iam }, {})) groups.push(...all(Groups));
    });
    const found = groups.find(({ GroupId }) => GroupId === id);
    if (!found) checkAccount('groups', groups);
    return found?.GroupName ?? null;
  }

  async function findUser(id: string): Promise<string | null> {
    const { paginateListUsers } = await import('@aws-sdk/client-iam');
    const iam = await client();
    const users: User[] = [];
    await askAws(SERVICE, async () => {
      for await (const { Users } of paginateListUsers({ client: iam }, {})) users.push(...all(Users));
    });
    const found = users.find(({ UserId }) => UserId === id);
    if (!found) checkAccount('users', users);
    return found?.UserName ?? null;
  }

  return {
    groupNamed,
    expect: (names: readonly string[]): void => {
      for (const name of names) expected.add(name);
    },
    /** null: it was deleted, which takes that nobody was in it any more. */
    group: async (id: string): Promise<GroupNow | null> => {
      const lastName = lastNames.get(id);
      for (const likely of new Set([...(lastName === undefined ? [] : [lastName]), ...expected])) {
        const there = await groupNamed(likely);
        if (there?.id === id) return there;
      }
      const name = await findGroup(id);
      const found = name === null ? null : await groupNamed(name);
      if (name !== null && found?.id !== id) throw new Error(`${SERVICE}: the group ${name} was renamed just now`);
      return found;
    },
    userId: async (name: string): Promise<string> => {
      const found = await userNamed(name);
      if (found) return found.id;
      throw new TargetRefusal(`there is no IAM user ${name} in the AWS account ${awsAccount}`);
    },
    /** @throws where there is none with that id any more */
    userName: async (id: string): Promise<string> => {
      const lastName = lastNames.get(id);
      const there = lastName === undefined ? null : await userNamed(lastName);
      if (there?.id === id) return there.name;
      const found = await findUser(id);
      if (found !== null) return found;
      throw new TargetRefusal(`there is no IAM user with the id ${id} in the AWS account ${awsAccount} any more`);
    },
    add: async (group: string, user: string): Promise<void> => {
      const iam = await client();
      await askAws(SERVICE, () => iam.addUserToGroup({ GroupName: group, UserName: user }));
    },
    /** Gone already is success. */
    remove: async (group: string, user: string): Promise<void> => {
      const iam = await client();
      await askAws(SERVICE, () => iam.removeUserFromGroup({ GroupName: group, UserName: user }), NO_SUCH_ENTITY);
    },
    /** Whether it may list what it has to look through for something that was renamed. @throws where it may not */
    canFind: async (): Promise<void> => {
      const iam = await client();
      await askAws(SERVICE, () => iam.listGroups({ MaxItems: 1 }));
      await askAws(SERVICE, () => iam.listUsers({ MaxItems: 1 }));
    },
  };
}
