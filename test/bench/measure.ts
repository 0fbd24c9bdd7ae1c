/** One line of the benchmark. Ratios are against a floor or an ideal that was measured in the same run. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  /** What it is compared with: the value is given as a ratio to it, too. */
  readonly floor?: { readonly what: string; readonly value: number };
  /** Where both were measured in turns: the median of the rounds' own ratios, which a drifting machine leaves alone. */
  readonly ratio?: number;
  /** On the ratio where there is a floor, otherwise on the value. Absent: for comparison only. */
  readonly budget?: { readonly most: number } | { readonly least: number };
  /** What keeps it from being better. */
  readonly limitedBy: string;
}

export const ratioOf = ({ value, floor, ratio }: Measure): number | null =>
  ratio ?? (floor ? value / floor.value : null);

/** null: it has no budget. */
export function isMet(measure: Measure): boolean | null {
  const { budget, value } = measure;
  if (!budget) return null;
  const measured = ratioOf(measure) ?? value;
  return 'most' in budget ? measured <= budget.most : measured >= budget.least;
}

export const quantile = (numbers: readonly number[], q: number): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
};
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

export const time = (work: () => void): number => {
  const started = performance.now();
  work();
  return performance.now() - started;
};

export const timeAsync = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
