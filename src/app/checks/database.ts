import { errorText } from '../../domain/text.ts';
import { isPostgresAddress } from '../../ledger/open/place.ts';
import type { Finding } from '../../ports/targets.ts';
import { DATABASE } from '../../wording/terminal/doctor.ts';
import type { Checks } from './place.ts';

/** Whether a ledger on PostgreSQL is as the bot needs it. A file is checked by its disk. */
export function databaseChecks(place: string | null): Checks {
  if (place === null || !isPostgresAddress(place)) return { places: [], notChecked: [] };
  const ask = async (): Promise<readonly Finding[]> => {
    const [{ openPostgresToRead }, { findingsOf }] = await Promise.all([
      import('../../ledger/postgres/open.ts'),
      import('../../ledger/postgres/rights.ts'),
    ]);
    try {
      const ledger = await openPostgresToRead(place);
      try {
        return await findingsOf(ledger);
      } finally {
        await ledger.close();
      }
    } catch (error) {
      return [{ ok: false, what: errorText(error), fix: DATABASE.look }];
    }
  };
  return { places: [{ name: 'Database', ask }], notChecked: [] };
}
