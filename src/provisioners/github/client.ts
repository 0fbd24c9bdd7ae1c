import type { Octokit } from 'octokit';
import { TARGET_DEADLINE } from '../provisioner.ts';
import type { Target } from './schemas.ts';

/** The package is loaded with the first call, so that it need not be installed for other targets. */
export async function connectGitHub(target: Target): Promise<Octokit> {
  const { App, Octokit } = await import('octokit');
  const options = {
    baseUrl: target.api_url,
    // No retries here: the bot's due work decides what to retry, and when.
    retry: { enabled: false },
    throttle: { enabled: false },
    request: { fetch: withDeadline },
  };
  if ('token' in target && target.token !== undefined) return new Octokit({ ...options, auth: target.token });
  const { id, private_key: privateKey, installation } = target.app ?? { id: 0, private_key: '', installation: 0 };
  const app = new App({ appId: id, privateKey, Octokit: Octokit.defaults(options) });
  return app.getInstallationOctokit(installation);
}

const withDeadline: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(TARGET_DEADLINE) });
