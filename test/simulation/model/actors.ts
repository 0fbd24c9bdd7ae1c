/** Whose deed an event has to be. */

import type { Millis } from '../../../src/domain/terms.ts';
import type { Around, Told } from './book.ts';
import { accountsOf, isAdmin } from './world.ts';

export const isActor = ({ must }: Around, event: Told, ...ids: readonly string[]) =>
  must(
    event.actor !== null && ids.some((id) => accountsOf(id).includes(event.actor ?? '')),
    () => `event ${event.seq}: ${event.actor} did what is only for ${ids.join(', ')}: ${event.type}`,
  );
export const isBot = ({ must }: Around, event: Told) =>
  must(
    event.actor === null,
    () => `event ${event.seq}: ${event.actor} is said to have done what only the bot does: ${event.type}`,
  );
export const wasAdmin = ({ past, must }: Around, event: Told, for_: Millis) =>
  must(
    event.actor !== null && past.ever(event.at - for_, event.at, (moment) => isAdmin(moment, event.actor ?? '')),
    () => `event ${event.seq}: ${event.actor} is no administrator, and did ${event.type}`,
  );
