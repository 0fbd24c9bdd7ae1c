import type { Residue } from '../../src/domain/grant.ts';
import type { Access, Connection } from '../../src/provisioners/provisioner.ts';
import { accessOf, inAnHour, newGrantId } from '../provisioners/contract.ts';

/** A holder's grant, and beside it another one of theirs, which begins and ends when the seed says. */
export interface HoldersGrants {
  readonly id: string;
  grant(): Promise<unknown>;
  extend(): Promise<unknown>;
  beginAnother(): Promise<void>;
  endAnother(): Promise<void>;
  /** Ends the grant, and whatever other one is live. */
  revoke(): Promise<readonly Residue[]>;
  isActive(): Promise<boolean>;
}

/** @param another what the other grant gives */
export function grantsOf<Role>(connection: Connection<Role>, role: Role, another: Role = role): HoldersGrants {
  const first = accessOf(role, newGrantId());
  let second: Access<Role> | null = null;
  const left: Residue[] = [];

  async function end(access: Access<Role>): Promise<void> {
    const ended = await connection.revoke(access);
    if (typeof ended === 'object') left.push(...ended.left);
  }
  async function endAnother(): Promise<void> {
    if (second === null) return;
    await end(second);
    if (!(await connection.isActive(second))) second = null;
  }

  return {
    id: first.grantId,
    grant: () => connection.grant(first, inAnHour()),
    extend: () => connection.grant(first, 2 * inAnHour() - Date.now()),
    beginAnother: async () => {
      second ??= accessOf(another, newGrantId());
      await connection.grant(second, inAnHour());
    },
    endAnother,
    revoke: async () => {
      await end(first);
      await endAnother();
      return left;
    },
    isActive: async () => second !== null || (await connection.isActive(first)),
  };
}
