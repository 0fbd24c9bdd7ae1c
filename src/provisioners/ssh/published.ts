import { SSH } from '../../wording/targets/ssh.ts';
import { sayTheSame } from './krl.ts';
import { runProgram } from './program.ts';
import type { RevocationList } from './revocations.ts';

/**
 * A revocation list, on this machine and on the servers.
 * @param program copies the list to the servers; if empty, they read it where it is
 */
export function publishedList(revocations: RevocationList, program: readonly string[]) {
  /** The content that this process published last. */
  let told: Buffer | null = null;
  const publish = async (says: Buffer): Promise<void> => {
    if (program.length > 0) await runProgram(program, SSH.publishes);
    told = says;
  };
  return {
    publish,
    /** Corrects the list, here and on the servers. */
    mend: async (): Promise<void> => {
      const { says } = await revocations.mend();
      if (!told || !sayTheSame(told, says)) await publish(says);
    },
  };
}
