import type { KnownBlock } from '@slack/types';
import type { AccessReview } from '../../domain/accessReview.ts';
import { OWNER_NOTICE } from '../../wording/accessReview.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { button, LIMITS, type Message } from '../kit/blocks.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';

/** A person's resource in an access review. */
export interface Owned {
  readonly resource: string;
  readonly name: string;
  readonly left: number;
  readonly all: number;
  /** The link to its card. */
  readonly url: string;
}

/** Maximum number of resources. The message says that the rest is in the channel. */
const MOST = LIMITS.blocks - 2;

/** The private message to an owner: what waits for them, with a link to each card. */
export function ownerNotice(
  { dueAt, closedAt }: Pick<AccessReview, 'dueAt' | 'closedAt'>,
  owned: readonly Owned[],
): Message {
  const head = closedAt === null ? OWNER_NOTICE.open(owned.length, dueAt) : OWNER_NOTICE.closed(closedAt);
  const more = owned.length - MOST;
  return {
    text: drawn(OWNER_NOTICE.text),
    blocks: [
      paragraph(head),
      ...owned.slice(0, MOST).map(
        ({ resource, name, left, all, url }): KnownBlock => ({
          ...paragraph(OWNER_NOTICE.resource(name, left, all)),
          accessory: button(BUTTONS.open, 'open_card', resource, { url }),
        }),
      ),
      ...(more > 0 ? [smallPrint(OWNER_NOTICE.more(more))] : []),
    ],
  };
}
