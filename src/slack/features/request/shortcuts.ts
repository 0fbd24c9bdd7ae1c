import type { App } from '@slack/bolt';
import { type Policy, roleKey } from '../../../domain/policy.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { REQUEST_FORM } from '../../../wording/forms.ts';
import { said, tellPrivately } from '../../kit/clickAnswers.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn } from '../../kit/drawn.ts';
import { NotOpenedError } from '../../kit/notOpened.ts';
import { openForm } from './form.ts';
import type { ChosenRole } from './modal.ts';
import { chosenRole } from './values.ts';

/** Shortcuts: a request from a message about an incident. Callback ids are those of manifest.yml. */
export const SHORTCUTS = { anywhere: 'request_access', onMessage: 'request_access_for_message' } as const;

/** Addresses of incidents, as written by PagerDuty's app and its e-mails. */
const INCIDENT_ADDRESS = /https:\/\/[a-z0-9.-]+\.pagerduty\.com\/incidents\/([A-Z0-9]{6,20})/;

export function listenToShortcuts(app: App, context: SlackContext): void {
  const { deps } = context;
  app.shortcut(SHORTCUTS.anywhere, async ({ ack, shortcut }) => {
    await ack();
    const to = { triggerId: shortcut.trigger_id, personId: shortcut.user.id };
    await saying(to.personId, () => openForm(context, to, { mode: 'request' }));
  });

  app.shortcut({ type: 'message_action', callback_id: SHORTCUTS.onMessage }, async ({ ack, shortcut }) => {
    await ack();
    const incidentId = incidentIn(shortcut.message);
    const to = { triggerId: shortcut.trigger_id, personId: shortcut.user.id };
    if (incidentId === null)
      return saying(to.personId, () =>
        openForm(context, to, {
          mode: 'request',
          word: drawn(REQUEST_FORM.noIncidentFound),
        }),
      );
    // A recent look-up is used from the cache; otherwise the form does not wait for it.
    const incident = await Promise.race([deps.onCall.incident(incidentId, 'preview'), soon()]);
    const role = incident?.known ? roleFor(deps.policy, incident.value.service.id) : null;
    await saying(to.personId, () => openForm(context, to, { mode: 'request', role, incidentId }));
  });

  /** The only place for an answer to a shortcut is a private message. */
  async function saying(personId: string, open: () => Promise<void>): Promise<void> {
    try {
      await open();
    } catch (error) {
      deps.log.error({ err: error, personId }, 'a shortcut could not be carried out');
      await tellPrivately(
        context,
        personId,
        said(drawn(error instanceof NotOpenedError ? ERRORS.notOpened : ERRORS.notRequested)),
      );
    }
  }
}

/** The trigger expires after three seconds, so the form opens well before that, with or without a suggested role. */
const HEAD_START_MS = 1_000;
const soon = (): Promise<null> => new Promise((resolve) => setTimeout(resolve, HEAD_START_MS, null).unref());

/** The first incident in a message: in its text, blocks or attachments. */
export const incidentIn = (message: unknown): string | null =>
  INCIDENT_ADDRESS.exec(JSON.stringify(message) ?? '')?.[1] ?? null;

/** The first role of the resource that the policy links to this service. */
function roleFor(policy: Policy, serviceId: string): ChosenRole | null {
  const resource = [...policy.resources.values()].find(({ services }) => services.includes(serviceId));
  const role = resource && [...resource.roles.values()][0];
  return role ? chosenRole(policy, roleKey(role)) : null;
}
