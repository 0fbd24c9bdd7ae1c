import { errorText } from '../domain/text.ts';
import { TARGETS } from '../wording/targets/shared.ts';
import type { Connection } from './provisioner.ts';

/**
 * Stands for a connection that could not be made, such as by a module that throws: whatever is asked of it fails with the
 * reason. So one broken target keeps no start and no reload from reaching all others.
 */
export function unconnected(why: unknown): Connection<unknown> {
  const fails = async (): Promise<never> => {
    throw new Error(TARGETS.notConnected(errorText(why)), { cause: why });
  };
  return { grant: fails, revoke: fails, isActive: fails, check: fails, close: async () => undefined };
}
