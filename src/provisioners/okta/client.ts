import type { Client } from '@okta/okta-sdk-nodejs';
import { TARGET_DEADLINE } from '../provisioner.ts';
import type { Target } from './schemas.ts';

const SCOPES = ['okta.groups.manage', 'okta.users.read'];

/** The package is loaded with the first call: who uses no such target need not have it. */
export async function connectOkta({ url, token, app }: Target): Promise<Client> {
  const { default: sdk } = await import('@okta/okta-sdk-nodejs');
  const okta = new sdk.Client({
    orgUrl: url,
    ...(app
      ? { authorizationMode: 'PrivateKey', clientId: app.client_id, privateKey: app.private_key, scopes: SCOPES }
      : { token: token ?? '' }),
    // What Okta said some minutes ago is no answer to what is so now.
    cacheMiddleware: null,
  });
  // Each call has an end of its own; the client itself only tries again what Okta's rate limit refused, twice.
  okta.requestExecutor.on('request', (request: { signal?: AbortSignal }) => {
    request.signal = AbortSignal.timeout(TARGET_DEADLINE);
  });
  return okta;
}
