import type { Policy, Resource } from '../domain/policy.ts';
import { errorText } from '../domain/text.ts';
import type { Log } from '../ports/host.ts';
import type { Finding } from '../ports/targets.ts';

interface Checked {
  readonly policy: Policy;
  readonly targets: { check(resource: Resource): Promise<readonly Finding[]> };
  readonly log: Log;
  readonly isStopping: () => boolean;
}

/**
 * Logs which targets do not answer or lack something, one line for each resource, so that it is known before anyone is
 * paged. Runs in the background, one target at a time; nothing depends on it.
 */
export async function checkTargets({ policy, targets, log, isStopping }: Checked): Promise<void> {
  for (const resource of policy.resources.values()) {
    if (isStopping()) return;
    const problems = await targets.check(resource).then(
      (findings) => findings.flatMap(({ ok, what, fix }) => (ok ? [] : [fix === undefined ? what : `${what}. ${fix}`])),
      (error: unknown) => [errorText(error)],
    );
    if (problems.length > 0 && !isStopping())
      log.error(
        { resource: resource.id, problem: problems.join('; ') },
        'a target does not answer as it should: access there cannot be given or taken back until it does; "jitbot doctor" says more',
      );
  }
}
