type Budget =
  | { readonly most: number }
  | { readonly least: number }
  | { readonly beyond: number }
  /** On the value, whatever its floor. */
  | { readonly value: number }
  | { readonly atLeast: number };

/** One line of the benchmark. Ratios are against a floor or an ideal that was measured in the same run. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  /** What it is compared with: the value is given as a ratio to it, too. */
  readonly floor?: { readonly what: string; readonly value: number };
  /** Where both were measured in turns: the median of the rounds' own ratios, which a drifting machine leaves alone. */
  readonly ratio?: number;
  /** Where the median of the rounds' ratios lies, with 95 %. */
  readonly interval?: readonly [number, number];
  /** On the ratio where there is a floor, otherwise on the value; `beyond`: on what it takes more than the floor; `value` and `atLeast`: on the value all the same. Absent: for comparison only. */
  readonly budget?: Budget;
  /** What keeps it from being better. */
  readonly limitedBy: string;
}

export const ratioOf = ({ value, floor, ratio }: Measure): number | null =>
  ratio ?? (floor ? value / floor.value : null);

/** How much of its budget is used: more than 1 has missed it. null: it has no budget. */
export function usedOf(measure: Measure): number | null {
  const { budget, value, floor } = measure;
  if (!budget) return null;
  if ('value' in budget) return value / budget.value;
  if ('atLeast' in budget) return budget.atLeast / value;
  if ('beyond' in budget) return (value - (floor?.value ?? 0)) / budget.beyond;
  const measured = ratioOf(measure) ?? value;
  return 'most' in budget ? measured / budget.most : budget.least / measured;
}

/** null: it has no budget. */
export function isMet(measure: Measure): boolean | null {
  const used = usedOf(measure);
  return used === null ? null : used <= 1;
}

/** What was measured in turns with its floor: both medians, and the median of the rounds' own ratios with its interval. */
export function paired(what: string, ours: readonly number[], floors: readonly number[]) {
  const ratios = ours.map((value, round) => value / (floors[round] ?? Number.NaN));
  // Ranks that the median of so many lies between with 95 % (binomial, as a normal distribution).
  const spread = 0.98 / Math.sqrt(ratios.length);
  return {
    value: median(ours),
    floor: { what, value: median(floors) },
    ratio: median(ratios),
    interval: [quantile(ratios, Math.max(0, 0.5 - spread)), quantile(ratios, Math.min(1, 0.5 + spread))] as const,
  };
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

/** Milliseconds of processor time of this thread, which other programs on the machine leave alone. */
export const cpuOf = (work: () => void): number => {
  const before = process.threadCpuUsage();
  work();
  return since(before);
};

export const cpuOfAsync = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.threadCpuUsage();
  await work();
  return since(before);
};

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
