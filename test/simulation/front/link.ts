/** Slack's deliveries, brought to the bot's own listeners as its receiver would bring them. */

import type { Receiver } from '@slack/bolt';
import type { AppLink } from '../../../src/sandbox/slack/delivery.ts';
import type { Connection } from '../../../src/slack/link/signedRequests.ts';
import type { Chance } from '../chance.ts';

type App = Parameters<Receiver['init']>[0];
type Payload = Record<string, unknown>;

export interface Line {
  readonly connection: Connection;
  readonly link: Pick<AppLink, 'deliver'>;
}

/** @param tamper what reaches the bot in place of a payload */
export function createLine(chance: Chance, tamper: (payload: Payload) => Payload): Line {
  let app: Pick<App, 'processEvent'> | null = null;
  const receiver: Receiver = {
    init: (made) => {
      app = made;
    },
    start: async () => undefined,
    stop: async () => undefined,
  };
  return {
    connection: {
      receiver,
      open: async () => undefined,
      close: async () => undefined,
      isConnected: () => app !== null,
    },
    link: {
      deliver: (_kind, payload) => {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        const ack = async (answer?: unknown): Promise<void> => resolve(answer);
        // Over the wire it comes as bytes, and now and then it comes twice.
        const times = chance.happens(0.05) ? 2 : 1;
        const body = JSON.stringify(tamper(payload));
        for (let time = 0; time < times; time += 1) app?.processEvent({ body: JSON.parse(body), ack }).catch(reject);
        return promise;
      },
    },
  };
}
