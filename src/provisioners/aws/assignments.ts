import type { Identitystore } from '@aws-sdk/client-identitystore';
import type { AccountAssignmentOperationStatus, SSOAdmin } from '@aws-sdk/client-sso-admin';
import { type Polling, poll } from '../polling.ts';
import { askAws, clientOptions } from './client.ts';

/** Who has which permission set in which account, and what AWS is still at, behind its own clients. */

export interface Instance {
  readonly region: string;
  /** The ARN of the Identity Center instance. */
  readonly instance: string;
  readonly identity_store: string;
  readonly endpoint?: string | undefined;
}

export interface Place {
  readonly account: string;
  readonly permissionSet: string;
}

const SERVICE = 'AWS Identity Center';
const NOT_THERE = 'ResourceNotFoundException';

export type Assignments = ReturnType<typeof assignmentsOf>;

export function assignmentsOf(target: Instance, polling: Polling) {
  const instance = { InstanceArn: target.instance };
  const store = { IdentityStoreId: target.identity_store };
  let opened: Promise<{ sso: SSOAdmin; people: Identitystore }> | null = null;
  // The packages are loaded with the first call: who uses no such target need not have them.
  const open = () => {
    opened ??= Promise.all([import('@aws-sdk/client-sso-admin'), import('@aws-sdk/client-identitystore')]).then(
      ([sso, people]) => ({
        sso: new sso.SSOAdmin(clientOptions(target)),
        people: new people.Identitystore(clientOptions(target)),
      }),
    );
    return opened;
  };

  /** The end of something in the background. @throws where it failed, or is not over in time: then it may still happen */
  async function settled(
    what: string,
    begun: AccountAssignmentOperationStatus | undefined,
    look: (id: string) => Promise<AccountAssignmentOperationStatus | undefined>,
  ): Promise<void> {
    let status = begun;
    await poll(`${SERVICE}: ${what} is not over`, polling, async () => {
      if (status?.Status === 'IN_PROGRESS') status = await look(begun?.RequestId ?? '');
      return status?.Status !== 'IN_PROGRESS';
    });
    if (status?.Status !== 'SUCCEEDED')
      throw new Error(`${SERVICE}: ${what} failed: ${status?.FailureReason ?? 'AWS does not say why'}`);
  }

  async function creation(id: string): Promise<AccountAssignmentOperationStatus | undefined> {
    const { sso } = await open();
    const question = { ...instance, AccountAssignmentCreationRequestId: id };
    const answer = await askAws(SERVICE, () => sso.describeAccountAssignmentCreationStatus(question));
    return answer?.AccountAssignmentCreationStatus;
  }

  async function deletion(id: string): Promise<AccountAssignmentOperationStatus | undefined> {
    const { sso } = await open();
    const question = { ...instance, AccountAssignmentDeletionRequestId: id };
    const answer = await askAws(SERVICE, () => sso.describeAccountAssignmentDeletionStatus(question));
    return answer?.AccountAssignmentDeletionStatus;
  }

  async function isBeingAssigned({ account, permissionSet }: Place, userId: string): Promise<boolean> {
    const { sso } = await open();
    const question = { ...instance, Filter: { Status: 'IN_PROGRESS' as const } };
    for await (const page of pages((next) =>
      askAws(SERVICE, () => sso.listAccountAssignmentCreationStatus({ ...question, ...next })),
    ))
      for (const { RequestId: id = '' } of listed(page.AccountAssignmentsCreationStatus)) {
        const one = await creation(id);
        if (!one?.PrincipalId) throw new Error(`${SERVICE} does not say whom the request ${id} is about`);
        if (one.PrincipalId === userId && one.TargetId === account && one.PermissionSetArn === permissionSet)
          return true;
      }
    return false;
  }

  return {
    /** null: Identity Center has nobody of that name. */
    userId: async (name: string): Promise<string | null> => {
      const { people } = await open();
      const AlternateIdentifier = { UniqueAttribute: { AttributePath: 'userName', AttributeValue: name } };
      const found = await askAws(SERVICE, () => people.getUserId({ ...store, AlternateIdentifier }), NOT_THERE);
      return found?.UserId ?? null;
    },
    /** Of somebody who was deleted, the id: their assignments are still there. */
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
    /** Waits until AWS is no longer at assigning them: what an earlier try began may still come true. */
    awaitAssigning: (place: Place, userId: string): Promise<void> =>
      poll(`${SERVICE}: assigning is not over`, polling, async () => !(await isBeingAssigned(place, userId))),
    assign: async (place: Place, userId: string): Promise<void> => {
      const { sso } = await open();
      const wanted = { ...instance, ...assignment(place, userId) };
      const begun = await askAws(SERVICE, () => sso.createAccountAssignment(wanted));
      await settled('assigning', begun?.AccountAssignmentCreationStatus, creation);
    },
    unassign: async (place: Place, userId: string): Promise<void> => {
      const { sso } = await open();
      const wanted = { ...instance, ...assignment(place, userId) };
      const begun = await askAws(SERVICE, () => sso.deleteAccountAssignment(wanted), NOT_THERE);
      if (begun !== null) await settled('taking an assignment away', begun.AccountAssignmentDeletionStatus, deletion);
    },
    /** In ISO 8601, such as PT1H. */
    sessionDuration: async (permissionSet: string): Promise<string> => {
      const { sso } = await open();
      const question = { ...instance, PermissionSetArn: permissionSet };
      const found = await askAws(SERVICE, () => sso.describePermissionSet(question));
      return found?.PermissionSet?.SessionDuration ?? 'PT1H';
    },
    close: async (): Promise<void> => {
      const clients = await opened;
      clients?.sso.destroy();
      clients?.people.destroy();
    },
  };
}

/** An answer without the list that was asked for is no empty list. */
function listed<T>(items: readonly T[] | undefined): readonly T[] {
  if (items) return items;
  throw new Error(`${SERVICE} answered a list without its items`);
}

const assignment = ({ account, permissionSet }: Place, userId: string) => ({
  TargetType: 'AWS_ACCOUNT' as const,
  TargetId: account,
  PermissionSetArn: permissionSet,
  PrincipalType: 'USER' as const,
  PrincipalId: userId,
});

async function* pages<Page extends { NextToken?: string | undefined }>(
  ask: (page: { NextToken?: string }) => Promise<Page | null>,
): AsyncGenerator<Page> {
  let next: string | undefined;
  do {
    const page = await ask(next === undefined ? {} : { NextToken: next });
    if (!page) return;
    yield page;
    next = page.NextToken;
  } while (next !== undefined);
}
