import { ENVIRONMENT } from '../../wording/environment.ts';
import { LIMITS, type Message } from '../kit/blocks.ts';
import { drawn, smallPrint } from '../kit/drawn.ts';

/** Adds the environment's name to a message, if the policy sets one. */
export const inEnvironment = ({ text, blocks }: Message, name: string | undefined): Message =>
  name === undefined
    ? { text, blocks }
    : {
        text: `${drawn(ENVIRONMENT.inText(name))}${text}`,
        blocks: [smallPrint(ENVIRONMENT.line(name)), ...blocks].slice(0, LIMITS.blocks),
      };
