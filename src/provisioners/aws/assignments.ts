/** Who has which permission set in which account, and what is in progress, through AWS's clients. */

import type { Polling } from '../polling.ts';
import { assigningIn, type Place } from './assigning.ts';
import { askAws } from './client.ts';
import { clientsOf, type Instance, listed, NOT_THERE, pages, SERVICE } from './identityClients.ts';

export type Assignments = ReturnType<typeof assignmentsOf>;

export function assignmentsOf(target: Instance, polling: Polling) {
  const instance = { InstanceArn: target.instance };
  const store = { IdentityStoreId: target.identity_store };
  const clients = clientsOf(target);
  const { open } = clients;

  return {
    ...assigningIn(clients, target.instance, polling),
    /** @returns null if Identity Center has nobody of that name */
    userId: async (name: string): Promise<string | null> => {
      const { people } = await open();
      const AlternateIdentifier = { UniqueAttribute: { AttributePath: 'userName', AttributeValue: name } };
      const found = await askAws(SERVICE, () => people.getUserId({ ...store, AlternateIdentifier }), NOT_THERE);
      return found?.UserId ?? null;
    },
    /** The id if the user was deleted: their assignments still exist. */
    userName: async (userId: string): Promise<string> => {
      const { people } = await open();
      const found = await askAws(SERVICE, () => people.describeUser({ ...store, UserId: userId }), NOT_THERE);
      return found?.UserName ?? userId;
    },
    assignedUsers: async ({ account, permissionSet }: Place): Promise<string[]> => {
      const { sso } = await open();
      const question = { ...instance, AccountId: account, PermissionSetArn: permissionSet };
      const found: string[] = [];
      for await (const page of pages((next) =>
        askAws(SERVICE, () => sso.listAccountAssignments({ ...question, ...next })),
      ))
        for (const { PrincipalType, PrincipalId } of listed(page.AccountAssignments))
          if (PrincipalType === 'USER' && PrincipalId) found.push(PrincipalId);
      return found;
    },
    /** An ISO 8601 duration, such as PT1H. */
    sessionDuration: async (permissionSet: string): Promise<string> => {
      const { sso } = await open();
      const question = { ...instance, PermissionSetArn: permissionSet };
      const found = await askAws(SERVICE, () => sso.describePermissionSet(question));
      return found?.PermissionSet?.SessionDuration ?? 'PT1H';
    },
    close: clients.close,
  };
}
