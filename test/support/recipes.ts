/** The recipes of .github/CONTRIBUTING.md, as steps that can be followed without a person. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Step =
  | { readonly do: 'create'; readonly path: string; readonly text: string }
  | {
      readonly do: 'insert';
      readonly path: string;
      readonly where: 'before' | 'after';
      readonly line: string;
      readonly text: string;
    };

export interface Recipe {
  readonly title: string;
  readonly steps: readonly Step[];
  /** The tests that it names. */
  readonly tests: readonly string[];
}

const CREATE = /^Create `([^`]+)`:$/;
const INSERT = /^In `([^`]+)`, (before|after) the (?:first )?line that starts with (`+)(.+)\3:$/;

export function recipesIn(guide: string): Recipe[] {
  const recipes = guide.split('\n## Recipes\n')[1] ?? '';
  return recipes
    .split('\n### ')
    .slice(1)
    .map((part) => {
      const [title = ''] = part.split('\n');
      const tests = /Tests:([\s\S]*)$/.exec(part)?.[1] ?? '';
      return {
        title,
        steps: stepsIn(part.split('\n')),
        tests: [...tests.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path),
      };
    });
}

function stepsIn(lines: readonly string[]): Step[] {
  const steps: Step[] = [];
  lines.forEach((line, at) => {
    const [, created] = CREATE.exec(line) ?? [];
    const [, path, where, , start] = INSERT.exec(line) ?? [];
    if (created) steps.push({ do: 'create', path: created, text: blockAfter(lines, at) });
    if (path && start && (where === 'before' || where === 'after'))
      steps.push({ do: 'insert', path, where, line: start, text: blockAfter(lines, at) });
  });
  return steps;
}

/** The code between the fences that follow. */
function blockAfter(lines: readonly string[], at: number): string {
  const from = lines.findIndex((line, index) => index > at && line.startsWith('```'));
  const fence = /^`+/.exec(lines[from] ?? '')?.[0] ?? '```';
  const to = lines.indexOf(fence, from + 1);
  return `${lines.slice(from + 1, to).join('\n')}\n`;
}

/** @throws where a line that the recipe names is not there */
export function follow(step: Step, root: string): void {
  const path = join(root, step.path);
  if (step.do === 'create') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, step.text);
    return;
  }
  const lines = readFileSync(path, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.trimStart().startsWith(step.line));
  if (at < 0) throw new Error(`no line of ${step.path} starts with ${step.line}`);
  lines.splice(step.where === 'before' ? at : at + 1, 0, step.text.replace(/\n$/, ''));
  writeFileSync(path, lines.join('\n'));
}
