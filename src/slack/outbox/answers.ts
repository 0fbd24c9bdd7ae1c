import type { KnownBlock, ModalView } from '@slack/types';
import type { Policy } from '../../domain/policy.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Request } from '../../domain/request.ts';
import type { RoleKey } from '../../domain/terms.ts';
import type { Submitted } from '../../lifecycle/request/submitRequest.ts';
import { ANSWERS, requestAnswer, TITLES } from '../../wording/answers.ts';
import { REQUEST_FORM } from '../../wording/forms.ts';
import type { Sentence } from '../../wording/pieces.ts';
import { refusalSentence } from '../../wording/refusals.ts';
import { TO_REQUESTER } from '../../wording/toRequester.ts';
import { section } from '../kit/blocks.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import { messageModal } from '../kit/forms.ts';
import { roleNameIn } from './shown.ts';
import { accessButtons, cancelButton, type NoticeInput } from './toRequester.ts';

/** The window that a person sees right after asking. */
export interface Answer {
  readonly requests: readonly NoticeInput[];
  readonly refused: readonly { readonly role: RoleKey; readonly refusal: Refusal }[];
  /** The result of what the person just did in the window. */
  readonly word?: string | null;
}

/** The first answer, before access is active. */
export const firstAnswer = (policy: Policy, { requests, refused }: Submitted): ModalView =>
  answerModal(policy, {
    requests: requests.map((request) => ({
      request,
      grant: null,
      roleName: roleNameIn(policy, request.role),
      hasCredential: false,
      canExtend: false,
    })),
    refused,
  });

/** The answer, or the access itself once it is active. */
export function answerModal(policy: Policy, { requests, refused, word }: Answer): ModalView {
  const [only, ...others] = requests;
  const isOne = requests.length + refused.length === 1;
  const title =
    only && others.length === 0 && isOne ? titleOf(only) : requests.length > 0 ? TITLES.several : TITLES.none;
  return messageModal(title, [
    ...(word ? [section(word)] : []),
    ...requests.flatMap((one) => blocksOf(one, isOne)),
    ...refused.map(({ role, refusal }) => paragraph(about(roleNameIn(policy, role), refusalSentence(refusal), isOne))),
  ]);
}

/** One line for each requested role. */
export function answerText(policy: Policy, { requests, refused }: Submitted): string {
  const isOne = requests.length + refused.length === 1;
  const named = (role: RoleKey, answer: Sentence) => drawn(about(roleNameIn(policy, role), answer, isOne));
  return [
    ...requests.map((request) => named(request.role, requestAnswer(request))),
    ...refused.map(({ role, refusal }) => named(role, refusalSentence(refusal))),
  ].join('\n');
}

const about = (roleName: string, answer: Sentence, isOne: boolean): Sentence =>
  isOne ? answer : ANSWERS.about(roleName, answer);

/** An extension is answered by message, because the window was not about the access itself. */
const grantOf = ({ request, grant }: NoticeInput): NoticeInput['grant'] => (request.extends === null ? grant : null);

function blocksOf(one: NoticeInput, isOne: boolean): KnownBlock[] {
  const { request, roleName } = one;
  const grant = grantOf(one);
  if (grant?.state === 'active') {
    const { hasCredential } = one;
    const words = TO_REQUESTER.activeNow(roleName, request, { grant, hasCredential });
    return [
      paragraph(words.says),
      ...(words.small ? [smallPrint(words.small)] : []),
      { type: 'actions', elements: accessButtons(grant, one) },
    ];
  }
  if (grant?.state === 'failed') return [paragraph(TO_REQUESTER.failed(roleName, grant.problem ?? '').says)];
  if (grant && grant.state !== 'provisioning')
    return [paragraph(TO_REQUESTER.noLongerActive(roleName, grant.state).says)];
  const answer = paragraph(about(roleName, requestAnswer(request), isOne));
  return canCancel(request) ? [answer, { type: 'actions', elements: [cancelButton(request)] }] : [answer];
}

const canCancel = ({ state }: Request): boolean => state === 'pending' || state === 'scheduled';

function titleOf(one: NoticeInput): string {
  const { state } = one.request;
  if (grantOf(one)?.state === 'active') return TITLES.active;
  return state === 'cancelled' || state === 'expired' ? REQUEST_FORM.title : TITLES[state];
}
