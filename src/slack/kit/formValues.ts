/** Reads the values of a form that Slack sends. A value of another shape counts as empty. */

import { z } from 'zod';
import { type Instant, SECOND } from '../../domain/terms.ts';

export type ViewValues = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Slack's limit for the value of an option. */
const optionValue = z.object({ value: z.string().max(150) });
/** Longer than any text that a form allows. Longer text is cut here, and reported as too long later. */
const TEXT_MAX = 2_000;

const oneOption = z.object({ selected_option: optionValue.nullish() });
export const someOptions = z.object({ selected_options: z.array(optionValue).nullish() });
const typed = z.object({ value: z.string().nullish() });
const moment = z.object({ selected_date_time: z.number().nullish() });

export const readOption = (values: ViewValues, block: string, action: string): string | null =>
  oneOption.safeParse(values[block]?.[action]).data?.selected_option?.value ?? null;
export const readText = (values: ViewValues, block: string, action: string): string =>
  typed.safeParse(values[block]?.[action]).data?.value?.slice(0, TEXT_MAX) ?? '';
export const readMoment = (values: ViewValues, block: string, action: string): Instant | null => {
  const seconds = moment.safeParse(values[block]?.[action]).data?.selected_date_time;
  return seconds === null || seconds === undefined ? null : seconds * SECOND;
};
