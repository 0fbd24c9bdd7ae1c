import type { Grant } from '../../domain/grant.ts';
import type { Role } from '../../domain/policy.ts';
import type { Request } from '../../domain/request.ts';

/** One request, with everything that a card shows of it. */
export interface CardInput {
  readonly request: Request;
  readonly grant: Grant | null;
  readonly roleName: string;
  /** null if the policy no longer has it. */
  readonly role: Role | null;
}
