/** Assigns and removes permission sets, which AWS does in the background. */

import type { AccountAssignmentOperationStatus } from '@aws-sdk/client-sso-admin';
import { AWS } from '../../wording/targets/aws.ts';
import { type Polling, poll } from '../polling.ts';
import { askAws } from './client.ts';
import { type Clients, listed, NOT_THERE, pages, SERVICE } from './identityClients.ts';

export interface Place {
  readonly account: string;
  readonly permissionSet: string;
}

type Status = AccountAssignmentOperationStatus | undefined;

/** @param arn of the Identity Center instance */
export function assigningIn({ open }: Clients, arn: string, polling: Polling) {
  const instance = { InstanceArn: arn };

  async function creation(id: string): Promise<Status> {
    const { sso } = await open();
    const question = { ...instance, AccountAssignmentCreationRequestId: id };
    const answer = await askAws(SERVICE, () => sso.describeAccountAssignmentCreationStatus(question));
    return answer?.AccountAssignmentCreationStatus;
  }

  async function deletion(id: string): Promise<Status> {
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
        if (!one?.PrincipalId) throw new Error(AWS.requestOfNobody(SERVICE, id));
        if (one.PrincipalId === userId && one.TargetId === account && one.PermissionSetArn === permissionSet)
          return true;
      }
    return false;
  }

  return {
    /** Waits until AWS has no assignment in progress: what an earlier try started may still take effect. */
    awaitAssigning: (place: Place, userId: string): Promise<void> =>
      poll(AWS.unfinished(SERVICE, AWS.assigning), polling, async () => !(await isBeingAssigned(place, userId))),
    assign: async (place: Place, userId: string): Promise<void> => {
      const { sso } = await open();
      const wanted = { ...instance, ...assignment(place, userId) };
      const begun = await askAws(SERVICE, () => sso.createAccountAssignment(wanted));
      await settled(AWS.assigning, begun?.AccountAssignmentCreationStatus, { look: creation, polling });
    },
    unassign: async (place: Place, userId: string): Promise<void> => {
      const { sso } = await open();
      const wanted = { ...instance, ...assignment(place, userId) };
      const begun = await askAws(SERVICE, () => sso.deleteAccountAssignment(wanted), NOT_THERE);
      if (begun === null) return;
      const status = begun.AccountAssignmentDeletionStatus;
      await settled(AWS.unassigning, status, { look: deletion, polling });
    },
  };
}

const assignment = ({ account, permissionSet }: Place, userId: string) => ({
  TargetType: 'AWS_ACCOUNT' as const,
  TargetId: account,
  PermissionSetArn: permissionSet,
  PrincipalType: 'USER' as const,
  PrincipalId: userId,
});

/** Waits for background work. @throws if it failed, or is not over in time and may still happen */
async function settled(
  what: string,
  begun: Status,
  { look, polling }: { look: (id: string) => Promise<Status>; polling: Polling },
): Promise<void> {
  let status = begun;
  await poll(AWS.unfinished(SERVICE, what), polling, async () => {
    if (status?.Status === 'IN_PROGRESS') status = await look(begun?.RequestId ?? '');
    return status?.Status !== 'IN_PROGRESS';
  });
  if (status?.Status !== 'SUCCEEDED')
    throw new Error(AWS.failed(SERVICE, what, status?.FailureReason ?? AWS.whyUnknown));
}
