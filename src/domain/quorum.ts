import { type Human, isSameHuman } from './person.ts';
import type { Stage } from './policy.ts';

/** An approval, and the stages that it may count for. */
export interface Voice {
  readonly stages: readonly number[];
}

/**
 * Merges approvals into voices: one human is one voice, whichever accounts or stand-ins they used. If A and B are one
 * human, and B and C are, all three count once: an undercount costs one more click, an overcount cannot be undone.
 */
export function voicesOf(said: readonly (Voice & { readonly human: Human })[]): Voice[] {
  const groups: { humans: Human[]; stages: Set<number> }[] = [];
  for (const { human, stages } of said) {
    const linked = groups.filter(({ humans }) => humans.some((other) => isSameHuman(other, human)));
    const merged = {
      humans: [human, ...linked.flatMap(({ humans }) => humans)],
      stages: new Set([...stages, ...linked.flatMap((group) => [...group.stages])]),
    };
    groups.splice(0, groups.length, ...groups.filter((group) => !linked.includes(group)), merged);
  }
  return groups.map(({ stages }) => ({ stages: [...stages] }));
}

/**
 * How many approvals each stage still lacks, if every voice counts for one stage only, and counts
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
