import type { ModalView } from '@slack/types';
import type { OnCallEntry } from '../../../domain/evidence.ts';
import type { Incident } from '../../../domain/incident.ts';
import type { Person } from '../../../domain/person.ts';
import { roleKey } from '../../../domain/policy.ts';
import { isRefused } from '../../../domain/refusal.ts';
import type { Known, Millis } from '../../../domain/terms.ts';
import { previewEmergency } from '../../../lifecycle/breakGlass/breakGlass.ts';
import { hasSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { onlyOne, previewRequest } from '../../../lifecycle/request/outlook.ts';
import { durationFor } from '../../../lifecycle/request/submitRequest.ts';
import { BREAK_GLASS_PREVIEW, previewSentence } from '../../../wording/decisions.ts';
import { REQUEST_FORM } from '../../../wording/forms.ts';
import type { Sentence } from '../../../wording/pieces.ts';
import { refusalSentence } from '../../../wording/refusals.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { messageModal, openView } from '../../kit/forms.ts';
import { updateView } from '../../kit/openViews.ts';
import { type ClockTimes, resolveTimes } from '../../kit/when.ts';
import { type ChosenRole, emptyForm, openingNotice, type RequestForm, requestModal } from './modal.ts';

/** What is known when the form opens: from a command line, a message or a button. */
export interface Prefill
  extends Pick<RequestForm, 'mode'>,
    Partial<Pick<RequestForm, 'role' | 'duration' | 'reason' | 'incidentId'>> {
  readonly times?: ClockTimes | null;
  /** A line at the top about what was not understood. */
  readonly word?: string;
}

type Context = Pick<SlackContext, 'client' | 'deps'>;

/**
 * Opens the form at once from local data, because the trigger expires after three seconds. The rest follows.
 * @throws NotOpenedError
 */
export async function openForm(
  context: Context,
  to: { triggerId: string; personId: string },
  prefill: Prefill,
): Promise<void> {
  const { mode, role = null, duration = null, reason = '' } = prefill;
  const isWorkingOutTimes = Boolean(prefill.times);
  const form: RequestForm = { ...emptyForm(mode, openingNotice), role, duration, reason, isWorkingOutTimes };
  const opened = await openView(context, to.triggerId, requestModal(form));
  const view = await withFacts(context, to.personId, form, prefill);
  // Pass the hash: Slack then rejects this update if the person has already changed the form.
  await updateView(context, opened.id, view, opened.hash);
}

/** The form with the person's facts from Slack and PagerDuty. */
async function withFacts(context: Context, personId: string, form: RequestForm, prefill: Prefill): Promise<ModalView> {
  const { deps } = context;
  const person = await deps.directory.person(personId);
  if (!person.known) return messageModal(REQUEST_FORM.title, [paragraph(REQUEST_FORM.refused(person.problem))]);
  const [entries, incidents, hasCodes] = await Promise.all([
    deps.onCall.entries(person.value, 'preview'),
    incidentsFor(context, person.value, prefill.incidentId ?? null),
    hasSecondFactor(deps, personId),
  ]);
  const incidentId = prefill.incidentId ?? onlyOne(incidents);
  const at = prefill.times ? resolveTimes(prefill.times, person.value.timeZone, deps.clock.now(), form.duration) : null;
  const known = { ...form, ...at, isWorkingOutTimes: false, hasCodes, incidents, incidentId };
  const word = prefill.word ? `${prefill.word}\n` : '';
  if (known.role) {
    const duration = known.duration ?? known.role.role.duration.default;
    return requestModal({ ...known, notice: word + (await previewNotice(context, personId, known, duration)) });
  }
  return requestModal({ ...known, notice: word + drawn(onCallNotice(entries)) });
}

/** The person's shifts, shown before they have chosen a role. */
function onCallNotice(entries: Known<readonly OnCallEntry[]>): Sentence {
  if (!entries.known) return REQUEST_FORM.onCallUnknown(entries.problem);
  if (entries.value.length === 0) return REQUEST_FORM.notOnCall;
  return REQUEST_FORM.onCall(
    entries.value.map(({ level, escalationPolicy, end }) => ({ level, name: escalationPolicy.name, until: end })),
  );
}

/** A preview of the decision on all chosen roles. */
export async function previewNotice(
  { deps }: Context,
  personId: string,
  form: RequestForm,
  duration: Millis,
): Promise<string> {
  const chosen = form.role ? [form.role, ...form.more] : [];
  const roles = chosen.map(({ role }) => roleKey(role));
  const lines = await Promise.all(
    chosen.map(async (one) => {
      const asked = durationFor(one.role, { roles, duration });
      const { incidentId, reason, startsAt } = form;
      const about = { personId, role: roleKey(one.role), duration: asked, incidentId };
      const sentence =
        form.mode === 'break_glass'
          ? emergencySentence(await previewEmergency(deps, about))
          : outlookSentence(await previewRequest(deps, { ...about, reason, startsAt }));
      return chosen.length === 1 ? sentence : REQUEST_FORM.oneOf(nameOf(one), asked, sentence);
    }),
  );
  return lines.map(drawn).join('\n');
}

const outlookSentence = (outlook: Awaited<ReturnType<typeof previewRequest>>): Sentence =>
  isRefused(outlook) ? refusalSentence(outlook.refused) : previewSentence(outlook.decision);

function emergencySentence(outlook: Awaited<ReturnType<typeof previewEmergency>>): Sentence {
  if (isRefused(outlook)) return refusalSentence(outlook.refused);
  return outlook.isOrdinary ? previewSentence(outlook.decided.decision) : BREAK_GLASS_PREVIEW;
}

const nameOf = ({ role, resourceName }: ChosenRole): string => `${resourceName} (${role.name})`;

/** The person's open incidents, and the incident that a message named, even if it is assigned to others. */
export async function incidentsFor(
  { deps }: Context,
  person: Person,
  named: string | null,
): Promise<readonly Incident[]> {
  const [own, other] = await Promise.all([
    deps.onCall.openIncidents(person),
    named === null ? null : deps.onCall.incident(named, 'preview'),
  ]);
  const incidents = own.known ? own.value : [];
  return other?.known && !incidents.some(({ id }) => id === other.value.id) ? [other.value, ...incidents] : incidents;
}
