import { openLedgerToRead } from '../ledger/open.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { StorageError } from '../ports.ts';
import type { Command } from './jit.ts';

const USAGE = 'jit ledger verify [FILE]   check the chain of a ledger, by default of JIT_DATABASE';

/** Exit codes: 0 whole, 1 not whole, 2 could not be checked. */
export const ledger: Command = {
  usage: [USAGE],
  run: ([verb, path = process.env.JIT_DATABASE, ...rest]) => {
    if (verb !== 'verify' || rest.length > 0 || !path) {
      process.stderr.write(
        `${verb === 'verify' && !path ? 'Name the database, or set JIT_DATABASE.\n' : ''}Usage: ${USAGE}\n`,
      );
      return 2;
    }
    try {
      const opened = openLedgerToRead(path);
      const result = verifyLedger(opened);
      opened.close();
      if (!result.whole) {
        process.stdout.write(
          `NOT WHOLE: ${path}\n${result.problem}. Everything before event ${result.seq} is as it was recorded.\n`,
        );
        return 1;
      }
      process.stdout.write(
        `whole: ${result.events} events, each continuing the one before\nhead: ${result.head}\nCompare the head with the newest line of the audit channel: a chain alone cannot show a cut tail.\n`,
      );
      return 0;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
  },
};
