/** A reporter for the runner: each mutant is written down as it is tried, in an order of chance, so that a run that is cut short is a sample. */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The part of the runner's published schema that is read here. Positions of what was tried count from 1. */
export interface TriedMutant {
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: Position; readonly end: Position };
  /** Where it stands in the order of chance. */
  readonly place: string;
}

interface Planned extends Omit<TriedMutant, 'status' | 'place'> {
  readonly id: string;
}

/** What a run hands to its reporter, as JSON in MUTATION_STREAM. */
export interface StreamOptions {
  /** Where to write, a line for each mutant. */
  readonly into: string;
  readonly seed: string;
  /** FILE:LINE, with the file's full path: what is tried before all else. */
  readonly first: readonly string[];
}

class Stream {
  private readonly options = JSON.parse(process.env.MUTATION_STREAM ?? '{}') as StreamOptions;
  /** By the runner's own id. */
  private places: ReadonlyMap<string, string> = new Map();

  /** The runner tries mutants in the order of this array. If it ever does not, a run that is cut short lacks the last files. */
  onMutationTestingPlanReady({ mutantPlans }: { mutantPlans: { readonly mutant: Planned }[] }): void {
    const first = new Set(this.options.first);
    const place = ({ fileName, location, replacement }: Planned) => {
      // In a plan, lines count from 0.
      const isFirst = first.has(`${fileName}:${location.start.line + 1}`);
      const chance = createHash('sha256').update(JSON.stringify([this.options.seed, fileName, location, replacement]));
      return `${isFirst ? 0 : 1}${chance.digest('hex')}`;
    };
    this.places = new Map(mutantPlans.map(({ mutant }) => [mutant.id, place(mutant)]));
    const placeOf = ({ mutant }: { mutant: Planned }) => this.places.get(mutant.id) ?? '';
    mutantPlans.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  }

  onMutantTested({ id, fileName, mutatorName, replacement, status, location }: Planned & { status: string }): void {
    const place = this.places.get(id) ?? '';
    const tried = { fileName, mutatorName, replacement, status, location, place } satisfies TriedMutantAsWritten;
    appendFileSync(this.options.into, `${JSON.stringify(tried)}\n`);
  }
}

type TriedMutantAsWritten = Omit<TriedMutant, 'replacement'> & { readonly replacement: string | undefined };

export const strykerPlugins = [{ kind: 'Reporter', name: 'stream', injectableClass: Stream }];
