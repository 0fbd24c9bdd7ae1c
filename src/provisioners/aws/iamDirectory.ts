/**
 * Groups and users of IAM by their ids (AGPA…, AIDA…), which IAM never reuses. Its calls take only names, which can
 * change. So names are looked up by id, and an answer counts only if it has that id.
 */

import type { IAM } from '@aws-sdk/client-iam';
import { AWS } from '../../wording/targets/aws.ts';
import { TargetRefusal } from '../provisioner.ts';
import { type GroupNow, iamCalls, type Listed, type Named, SERVICE } from './iamCalls.ts';

/** Valid user names. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const NAME = /^[\w+=,.@-]{1,64}$/;

export type IamDirectory = ReturnType<typeof iamDirectory>;

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new TargetRefusal(AWS.noSuchName(name));
}

export function iamDirectory(awsAccount: string, client: () => Promise<IAM>) {
  const calls = iamCalls(client);
  /** The last known names of ids, to look up first. */
  const lastNames = new Map<string, string>();
  /** Group names in the policy file, to try before listing all groups. */
  const expected = new Set<string>();
  const see = ({ id, name }: Named): void => void lastNames.set(id, name);

  /** null: there is none of that name. */
  async function groupNamed(name: string): Promise<GroupNow | null> {
    const found = await calls.group(name);
    for (const one of found ? [found, ...found.members] : []) see(one);
    return found;
  }

  /** null: there is none of that name. */
  async function userNamed(name: string): Promise<Named | null> {
    const found = await calls.user(name);
    if (found) see(found);
    return found;
  }

  return {
    add: calls.add,
    remove: calls.remove,
    /** Checks the permission to list, which finding something renamed needs. @throws if it is missing */
    canFind: calls.canList,
    groupNamed,
    expect: (names: readonly string[]): void => {
      for (const name of names) expected.add(name);
    },
    /** @returns null if it was deleted, which IAM allows only for an empty group */
    group: async (id: string): Promise<GroupNow | null> => {
      const lastName = lastNames.get(id);
      for (const likely of new Set([...(lastName === undefined ? [] : [lastName]), ...expected])) {
        const there = await groupNamed(likely);
        if (there?.id === id) return there;
      }
      const name = nameIn(await calls.allGroups(), id, { what: 'groups', awsAccount });
      const found = name === null ? null : await groupNamed(name);
      if (name !== null && found?.id !== id) throw new Error(AWS.justRenamed(SERVICE, name));
      return found;
    },
    userId: async (name: string): Promise<string> => {
      checkName(name);
      const found = await userNamed(name);
      if (found) return found.id;
      throw new TargetRefusal(AWS.noUser(name, awsAccount));
    },
    /** @throws if there is none with that id any more */
    userName: async (id: string): Promise<string> => {
      const lastName = lastNames.get(id);
      const there = lastName === undefined ? null : await userNamed(lastName);
      if (there?.id === id) return there.name;
      const found = nameIn(await calls.allUsers(), id, { what: 'users', awsAccount });
      if (found !== null) return found;
      throw new TargetRefusal(AWS.userIdGone(id, awsAccount));
    },
  };
}

/**
 * Finds the name of an id in a list of the whole account.
 * @returns null if nothing has that id
 * @throws if the list is of another account than the policy file names, where a missing id proves nothing
 */
function nameIn(
  listed: readonly Listed[],
  id: string,
  { what, awsAccount }: { what: string; awsAccount: string },
): string | null {
  const found = listed.find((one) => one.id === id);
  if (!found && !listed.some((one) => one.awsAccount === awsAccount))
    throw new Error(AWS.otherAccount(SERVICE, what, awsAccount));
  return found?.name ?? null;
}
