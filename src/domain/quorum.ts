import type { Stage } from './policy.ts';

/** Somebody who approved, and the stages that they may speak for. */
export interface Voice {
  readonly slackId: string;
  readonly stages: readonly number[];
}

/**
 * How many approvals each stage still lacks, when every approver counts for one stage only and is counted
 * where it helps most (a maximum matching, by augmenting paths).
 */
export function missingApprovals(stages: readonly Stage[], voices: readonly Voice[]): number[] {
  const seats = stages.flatMap((stage, index) => Array.from({ length: stage.needed }, () => index));
  const taken = new Map<number, Voice>();

  const place = (voice: Voice, tried: Set<number>): boolean => {
    for (const [seat, stage] of seats.entries()) {
      if (tried.has(seat) || !voice.stages.includes(stage)) continue;
      tried.add(seat);
      const sitting = taken.get(seat);
      if (sitting && !place(sitting, tried)) continue;
      taken.set(seat, voice);
      return true;
    }
    return false;
  };
  for (const voice of voices) place(voice, new Set());
  return stages.map(
    (stage, index) => stage.needed - seats.filter((of, seat) => of === index && taken.has(seat)).length,
  );
}
