import type { Env } from '../config/env.ts';
import type { Page, Shown } from '../http/page.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import type { Log } from '../ports/host.ts';
import { READINESS } from '../wording/health.ts';
import { HEALTH_PATH, READY_PATH } from './monitoring.ts';

/** A bot that waits until the one that works on the ledger stops or dies. */
export interface Standby {
  /** Opens the port, so that monitoring sees that it lives and serves nobody. */
  begin(): Promise<void>;
  /** Closes it again for the bot itself. */
  end(): Promise<void>;
  /** Whether it had to wait. */
  hasWaited(): boolean;
}

export function createStandby({ port }: Pick<Env, 'port'>, log: Log): Standby {
  let server: HttpServer | null = null;
  let hasWaited = false;
  return {
    begin: async () => {
      hasWaited = true;
      log.info({}, 'another bot works on this ledger; waiting to take its place');
      if (port === null) return;
      server = createHttpServer(port, new Map(), log, { pages: PAGES });
      await server.open();
    },
    end: async () => {
      await server?.close();
      server = null;
    },
    hasWaited: () => hasWaited,
  };
}

const shown = (status: number, value: object): Shown => ({
  status,
  type: 'application/json; charset=utf-8',
  text: `${JSON.stringify(value)}\n`,
});

const PAGES: ReadonlyMap<string, Page> = new Map([
  [HEALTH_PATH, { show: async () => shown(200, { alive: true, standby: true }) }],
  [READY_PATH, { show: async () => shown(503, { ready: false, standby: READINESS.standby }) }],
]);
