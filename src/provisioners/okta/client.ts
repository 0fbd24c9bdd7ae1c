import type { Client } from '@okta/okta-sdk-nodejs';
import { TARGET_DEADLINE } from '../provisioner.ts';
import type { Target } from './schemas.ts';

const SCOPES = ['okta.groups.manage', 'okta.users.read'];

/** The package is loaded with the first call, so that it need not be installed for other targets. */
export async function connectOkta({ url, token, app }: Target): Promise<Client> {
  const { default: sdk } = await import('@okta/okta-sdk-nodejs');
  const okta = new sdk.Client({
    orgUrl: url,
    ...(app
      ? { authorizationMode: 'PrivateKey', clientId: app.client_id, privateKey: app.private_key, scopes: SCOPES }
      : { token: token ?? '' }),
    // No cache: an answer must be current.
    cacheMiddleware: null,
  });
  // Each call has a deadline. The client only retries after Okta's rate limit, twice.
  okta.requestExecutor.on('request', (request: { signal?: AbortSignal }) => {
    request.signal = AbortSignal.timeout(TARGET_DEADLINE);
  });
  return okta;
}
