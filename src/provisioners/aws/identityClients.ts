/** AWS's clients for one Identity Center, and how their lists are read. */

import type { Identitystore } from '@aws-sdk/client-identitystore';
import type { SSOAdmin } from '@aws-sdk/client-sso-admin';
import { once } from '../../concurrency/once.ts';
import { AWS } from '../../wording/targets/aws.ts';
import { clientOptions, inTime } from './client.ts';

export const SERVICE = 'AWS Identity Center';
export const NOT_THERE = 'ResourceNotFoundException';

export interface Instance {
  readonly region: string;
  /** The ARN of the Identity Center instance. */
  readonly instance: string;
  readonly identity_store: string;
  readonly endpoint?: string | undefined;
}

interface Opened {
  readonly sso: SSOAdmin;
  readonly people: Identitystore;
}

export interface Clients {
  open(): Promise<Opened>;
  close(): Promise<void>;
}

export function clientsOf(target: Instance): Clients {
  // The packages are loaded with the first call, so that they need not be installed for other targets.
  const opened = once(async () => {
    const [sso, people] = await Promise.all([
      import('@aws-sdk/client-sso-admin'),
      import('@aws-sdk/client-identitystore'),
    ]);
    return {
      sso: inTime(new sso.SSOAdmin(clientOptions(target))),
      people: inTime(new people.Identitystore(clientOptions(target))),
    };
  });
  return {
    open: opened.get,
    close: async () => {
      const clients = await opened.begun();
      clients?.sso.destroy();
      clients?.people.destroy();
    },
  };
}

/** An answer without the list is an error, not an empty list. */
export function listed<T>(items: readonly T[] | undefined): readonly T[] {
  if (items) return items;
  throw new Error(AWS.noItems(SERVICE));
}

export async function* pages<Page extends { NextToken?: string | undefined }>(
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
