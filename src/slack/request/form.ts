import type { ModalView } from '@slack/types';
import type { Incident } from '../../domain/evidence.ts';
import type { Person } from '../../domain/person.ts';
import { roleKey } from '../../domain/policy.ts';
import { isRefused } from '../../domain/refusal.ts';
import { durationText, type Millis } from '../../domain/terms.ts';
import { previewEmergency } from '../../lifecycle/breakGlass.ts';
import { onlyOne, previewRequest } from '../../lifecycle/outlook.ts';
import { durationFor } from '../../lifecycle/submitRequest.ts';
import { plain, section, time } from '../blocks.ts';
import type { SlackContext } from '../context.ts';
import { messageModal, openView } from '../forms.ts';
import { previewSentence, refusalSentence } from '../sentences.ts';
import { updateView } from '../views.ts';
import { type ChosenRole, emptyForm, openingNotice, type RequestForm, requestModal } from './modal.ts';
import { type ClockTimes, resolveTimes } from './when.ts';

/** What is already known when the form opens: from a line that was typed, a message, a button. */
export interface Prefill
  extends Pick<RequestForm, 'mode'>,
    Partial<Pick<RequestForm, 'role' | 'duration' | 'reason' | 'incidentId'>> {
  readonly times?: ClockTimes | null;
  /** A line above the rest, on what could not be made out. */
  readonly word?: string;
}

type Context = Pick<SlackContext, 'client' | 'deps'>;

/** Opens the form from local data at once (the trigger lives three seconds); the rest follows. @throws NotOpenedError */
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
  // Only onto the form as it was opened: whoever was quicker and chose already is not set back.
  await updateView(context, opened.id, view, opened.hash);
}

/** The form with what Slack and PagerDuty say of this person. */
async function withFacts(context: Context, personId: string, form: RequestForm, prefill: Prefill): Promise<ModalView> {
  const { deps } = context;
  const person = await deps.directory.person(personId);
  if (!person.known)
    return messageModal('Request access', [
      section(`:no_entry: You cannot request access here: ${plain(person.problem)}.`),
    ]);
  const [entries, incidents] = await Promise.all([
    deps.onCall.entries(person.value, 'preview'),
    incidentsFor(context, person.value, prefill.incidentId ?? null),
  ]);
  const incidentId = prefill.incidentId ?? onlyOne(incidents);
  const at = prefill.times ? resolveTimes(prefill.times, person.value.timeZone, deps.clock.now(), form.duration) : null;
  const known = { ...form, ...at, isWorkingOutTimes: false, incidents, incidentId };
  const word = prefill.word ? `${prefill.word}\n` : '';
  if (known.role) {
    const duration = known.duration ?? known.role.role.duration.default;
    return requestModal({ ...known, notice: word + (await previewNotice(context, personId, known, duration)) });
  }
  const notice = !entries.known
    ? `:warning: ${plain(entries.problem)}. You can ask all the same; reviewers may be needed.`
    : entries.value.length === 0
      ? 'PagerDuty says you are not on call now.'
      : `You are on call: ${entries.value.map((entry) => `level ${entry.level} for ${plain(entry.escalationPolicy.name)}${entry.end ? ` until ${time(entry.end)}` : ''}`).join(', ')}.`;
  return requestModal({ ...known, notice: word + notice });
}

/** What would be decided about everything that is chosen. */
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
      return chosen.length === 1 ? sentence : `*${nameOf(one)}*, ${durationText(asked)}: ${sentence}`;
    }),
  );
  return lines.join('\n');
}

const outlookSentence = (outlook: Awaited<ReturnType<typeof previewRequest>>): string =>
  isRefused(outlook) ? refusalSentence(outlook.refused) : previewSentence(outlook.decision);

function emergencySentence(outlook: Awaited<ReturnType<typeof previewEmergency>>): string {
  if (isRefused(outlook)) return refusalSentence(outlook.refused);
  return outlook.isOrdinary
    ? previewSentence(outlook.decided.decision)
    : ':rotating_light: *At once*, announced to everybody, and reviewed afterwards.';
}

const nameOf = ({ role, resourceName }: ChosenRole): string => `${plain(resourceName)}: ${plain(role.name)}`;

/** Somebody's open incidents, and the one that a message named, whoever it is assigned to. */
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
