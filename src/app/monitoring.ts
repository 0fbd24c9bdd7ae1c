import { createHash, timingSafeEqual } from 'node:crypto';
import type { Policy } from '../domain/policy.ts';
import type { Millis } from '../domain/terms.ts';
import type { Page, Shown } from '../http/page.ts';
import { createGauges } from '../metrics/gauges.ts';
import type { CountingMeter } from '../metrics/meter.ts';
import type { Clock } from '../ports/host.ts';
import type { Overview, OverviewReader } from '../ports/overview.ts';
import { StorageError } from '../ports/store.ts';
import { REFUSED } from '../wording/deliveries.ts';
import { type Check, readiness } from './readiness.ts';
import { diskOf } from './watchdog.ts';

/** The paths for monitoring. */
export const HEALTH_PATH = '/healthz';
export const READY_PATH = '/readyz';
export const METRICS_PATH = '/metrics';

interface ObserverOptions {
  readonly reader: OverviewReader;
  readonly clock: Pick<Clock, 'now'>;
  /** Whether the ledger was looked at since the start, whatever was found. */
  readonly isLedgerChecked: () => boolean;
  readonly isSlackConnected: () => boolean;
}

/** The state of the bot, for monitoring. */
export interface Observer {
  /** null if the database cannot be read. */
  overview(): Promise<Overview | null>;
  checks(): Promise<readonly Check[]>;
  isSlackConnected(): boolean;
}

export function createObserver({ reader, clock, isLedgerChecked, isSlackConnected }: ObserverOptions): Observer {
  async function overview(): Promise<Overview | null> {
    try {
      return await reader.read(clock.now());
    } catch (error) {
      if (error instanceof StorageError) return null;
      throw error;
    }
  }

  return {
    overview,
    isSlackConnected,
    checks: async () =>
      readiness({
        now: clock.now(),
        overview: await overview(),
        isLedgerChecked: isLedgerChecked(),
        isSlackConnected: isSlackConnected(),
      }),
  };
}

interface MonitoringOptions {
  /** How far other clocks are ahead. @returns null if unknown */
  readonly drift: () => Millis | null;
  readonly observer: Observer;
  readonly databasePath: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly policy: () => Policy;
  readonly version: string;
  /** Why the ledger's state blocks new grants, or null. */
  readonly ledgerProblem: () => string | null;
  readonly meter: CountingMeter;
  /** The token for the metrics. Without one, anyone who reaches the port may read them. */
  readonly metricsToken: string | null;
}

/** The pages for monitoring, by path. None names a person, a reason or a secret. */
export function monitoringPages(options: MonitoringOptions): ReadonlyMap<string, Page> {
  const { clock, meter, metricsToken, version, observer } = options;
  const showGauges = createGauges(meter.registry);

  async function ready(): Promise<Shown> {
    const checks = await observer.checks();
    const isReady = checks.every(({ problem }) => problem === null);
    return json(isReady ? 200 : 503, {
      ready: isReady,
      ...Object.fromEntries(checks.map(({ name, problem }) => [name, problem ?? 'ok'])),
    });
  }

  async function metrics(): Promise<Shown> {
    showGauges({
      now: clock.now(),
      overview: await observer.overview(),
      isLedgerTrusted: options.ledgerProblem() === null,
      isSlackConnected: observer.isSlackConnected(),
      freeBytes: (await diskOf(options.databasePath))?.free ?? null,
      clockDrift: options.drift(),
      policyHash: options.policy().hash,
      version,
    });
    return { status: 200, type: meter.registry.contentType, text: await meter.registry.metrics() };
  }

  return new Map<string, Page>([
    [HEALTH_PATH, { show: async () => json(200, { alive: true, version }) }],
    [READY_PATH, { show: ready }],
    [METRICS_PATH, { show: metrics, ...(metricsToken !== null && { refuses: withoutToken(metricsToken) }) }],
  ]);
}

/** Compares digests, which have equal lengths, so that timing reveals nothing about the token. */
function withoutToken(token: string): NonNullable<Page['refuses']> {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return ({ authorization = '' }) => (timingSafeEqual(digest(authorization), wanted) ? null : REFUSED.noToken);
}

const json = (status: number, value: object): Shown => ({
  status,
  type: 'application/json; charset=utf-8',
  text: `${JSON.stringify(value)}\n`,
});
