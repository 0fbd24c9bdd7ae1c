import { sayTheSame } from './krl.ts';
import { runProgram } from './program.ts';
import type { RevocationList } from './revocations.ts';

/**
 * A revocation list, here and on the servers.
 * @param program takes the list to them; empty: they read it where it is
 */
export function publishedList(revocations: RevocationList, program: readonly string[]) {
  /** What the servers were told last, by this process. */
  let told: Buffer | null = null;
  const publish = async (says: Buffer): Promise<void> => {
    if (program.length > 0) await runProgram(program, 'takes the revocation list to the servers');
    told = says;
  };
  return {
    publish,
    /** The list says what it should, here and on the servers. */
    mend: async (): Promise<void> => {
      const { says } = await revocations.mend();
      if (!told || !sayTheSame(told, says)) await publish(says);
    },
  };
}
