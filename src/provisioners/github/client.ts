import type { Octokit } from 'octokit';
import { TARGET_DEADLINE } from '../provisioner.ts';
import type { Target } from './schemas.ts';

/** The package is loaded with the first call: who uses no such target need not have it. */
export async function connectGitHub(target: Target): Promise<Octokit> {
  const { App, Octokit } = await import('octokit');
  const options = {
    baseUrl: target.api_url,
    // What is to be tried again, and when, is for the bot's own due work to say.
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
