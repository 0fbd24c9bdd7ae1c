import type { ModalView } from '@slack/types';
import type { Policy } from '../../../domain/policy.ts';
import type { Request } from '../../../domain/request.ts';
import type { RoleKey } from '../../../domain/terms.ts';
import type { Submitted } from '../../../lifecycle/request/submitRequest.ts';
import { ANSWERS, requestAnswer, TITLES } from '../../../wording/answers.ts';
import { REQUEST_FORM } from '../../../wording/forms.ts';
import type { Sentence } from '../../../wording/pieces.ts';
import { refusalSentence } from '../../../wording/refusals.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { messageModal } from '../../kit/forms.ts';
import { roleNameIn } from '../../outbox/shown.ts';

/** What a person reads right after asking. */

export function answerModal(policy: Policy, { requests, refused }: Submitted): ModalView {
  const [only, ...others] = requests;
  const title =
    only && others.length === 0 && refused.length === 0
      ? titleOf(only)
      : requests.length > 0
        ? TITLES.several
        : TITLES.none;
  return messageModal(
    title,
    answers(policy, { requests, refused }).map((line) => paragraph(line)),
  );
}

/** A line for each role that was asked for. */
export const answerText = (policy: Policy, submitted: Submitted): string =>
  answers(policy, submitted).map(drawn).join('\n');

function answers(policy: Policy, { requests, refused }: Submitted): Sentence[] {
  const several = requests.length + refused.length > 1;
  const about = (role: RoleKey, answer: Sentence) =>
    several ? ANSWERS.about(roleNameIn(policy, role), answer) : answer;
  return [
    ...requests.map((request) => about(request.role, requestAnswer(request))),
    ...refused.map(({ role, refusal }) => about(role, refusalSentence(refusal))),
  ];
}

const titleOf = ({ state }: Request): string =>
  state === 'cancelled' || state === 'expired' ? REQUEST_FORM.title : TITLES[state];
