import type { ModalView } from '@slack/types';
import type { Deps } from '../../lifecycle/deps.ts';
import { slackProblem } from '../link/clients.ts';
import type { SlackContext } from './context.ts';

/**
 * Updates an open form.
 * @param hash to update only the version with this hash
 * @returns false if the form was closed, or has changed since `hash`
 */
export async function updateView(
  { client, deps }: Pick<SlackContext, 'client'> & { readonly deps: Pick<Deps, 'log'> },
  viewId: string | undefined,
  view: ModalView,
  hash?: string,
): Promise<boolean> {
  if (!viewId) return false;
  try {
    await client.views.update({ view_id: viewId, view, ...(hash && { hash }) });
    return true;
  } catch (error) {
    deps.log.info({ problem: slackProblem(error) }, 'a form was not updated');
    return false;
  }
}

/** Maximum number of forms to remember; the oldest are dropped first. */
const FORMS_REMEMBERED = 1_000;

/** Tells whether a choice is still the newest of its form, because answers can arrive in any order. */
export function createLatest(): (viewId: string) => () => boolean {
  const newest = new Map<string, symbol>();
  return (viewId) => {
    const mine = Symbol(viewId);
    newest.delete(viewId);
    newest.set(viewId, mine);
    const oldest = newest.keys().next();
    if (newest.size > FORMS_REMEMBERED && !oldest.done) newest.delete(oldest.value);
    return () => newest.get(viewId) === mine;
  };
}
