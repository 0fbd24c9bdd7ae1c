import { Secret, TOTP } from 'otpauth';
import { isRefused } from '../../src/domain/refusal.ts';
import { SECOND } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import {
  beginEnrolment,
  type ConfirmedFactor,
  checkSecondFactor,
  confirmEnrolment,
} from '../../src/lifecycle/people/secondFactor.ts';
import type { ManualClock } from './clock.ts';

/** Sets up codes for somebody where they have none yet. @returns a fresh code, checked, half a minute later */
export function factorsOf(deps: Deps, clock: ManualClock): (personId: string) => Promise<ConfirmedFactor> {
  const apps = new Map<string, () => string>();
  async function enrolled(personId: string): Promise<() => string> {
    const begun = await beginEnrolment(deps, personId);
    if (isRefused(begun)) throw new Error(`codes cannot be set up: ${begun.refused.code}`);
    const totp = new TOTP({ secret: Secret.fromBase32(begun.secret) });
    const app = () => totp.generate({ timestamp: clock.now() });
    await confirmEnrolment(deps, personId, app());
    apps.set(personId, app);
    return app;
  }
  return async (personId) => {
    const app = apps.get(personId) ?? (await enrolled(personId));
    clock.advance(31 * SECOND);
    const factor = await checkSecondFactor(deps, personId, app());
    if (isRefused(factor)) throw new Error(`no code was taken: ${factor.refused.code}`);
    return factor;
  };
}
