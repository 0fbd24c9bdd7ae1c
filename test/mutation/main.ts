/**
 * `npm run mutate -- [ROOM | FILE]... [--minutes N] [--lines N] [--seed S]`: puts one small change at a time into the source (a
 * condition flipped, a bound moved, a clause left out) and sees whether a test notices. `--minutes` is the most that all of it may
 * take: what was tried by then is a sample by chance. `--lines` takes N random lines of each room instead of all;
 * MUTATION_TESTS=GLOB,… other tests. `--changed` takes the functions that changed since the commit in scoredAt.txt, where every
 * room was last scored.
 * Exit code 1: a mutant survived that nobody has argued for in argued.yaml.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, matchesGlob, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { chanceFrom } from '../simulation/chance.ts';
import { changesIn, type Line, type Touched, touchedLines, worthTrying } from './changes.ts';
import { ROOMS, type Room } from './rooms.ts';
import { type Run, run } from './run.ts';
import { compiling, interval, type Survivor } from './survivors.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lines: { type: 'string' },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    changed: { type: 'boolean', default: false },
    minutes: { type: 'string' },
  },
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

interface Argued {
  readonly file: string;
  /** The line's text, without its indentation: it may move. */
  readonly line: string;
  readonly becomes: string;
  readonly why: string;
}
const argued = parse(readFileSync(new URL('argued.yaml', import.meta.url), 'utf8')) as Argued[] | null;
const isArgued = ({ file, line, becomes }: Survivor) =>
  (argued ?? []).some((one) => one.file === file && one.line === line && one.becomes === becomes);

const until = values.minutes === undefined ? null : performance.now() + Number(values.minutes) * 60_000;
/** @returns undefined without a limit */
const timeLeft = (): number | undefined => (until === null ? undefined : Math.round(until - performance.now()));

/** Of a file, a folder or a glob. */
const filesOf = (source: string): string[] => {
  const isFolder = statSync(join(ROOT, source), { throwIfNoEntry: false })?.isDirectory() ?? false;
  return globSync(isFolder ? `${source}/**/*.ts` : source, { cwd: ROOT }).sort();
};
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const placeOf = ({ file, number }: Line): string => `${file}:${number}`;
const rangeOf = ({ file, number }: Line): string => `${file}:${number}-${number}`;

function randomLines(lines: readonly Line[], count: number): Line[] {
  const left = [...lines];
  const chance = chanceFrom(Number(values.seed));
  const picked: Line[] = [];
  while (picked.length < count && left.length > 0) picked.push(...left.splice(chance.int(left.length), 1));
  return picked;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function report({ name }: Room, { killed, survivors, isCutShort }: Run, open: readonly Survivor[]): void {
  const tried = killed + open.length;
  const [from, to] = interval(killed, tried);
  for (const { file, at, line, was, becomes, isUncovered } of open)
    say(
      `${file}:${at}  ${isUncovered ? 'NO TEST RUNS IT' : 'survived'}\n  ${line}\n  ${was.slice(0, 160)}  →  ${becomes.slice(0, 160)}`,
    );
  const untested = open.filter((one) => one.isUncovered).length;
  say(
    `${name}: ${killed} of ${tried} killed, ${percent(killed / Math.max(1, tried))} (${percent(from)} to ${percent(to)}); ${open.length} survived (${untested} that no test runs), ${survivors.filter(isArgued).length} argued${isCutShort ? '; the rest had no time' : ''}`,
  );
  if (open.length > 0) process.exitCode = 1;
}

/** Loading a room's tests and running them once, before any mutant. */
const LEAST_PATIENCE = 90_000;
/** For the compiler, at the end: all that survived is compiled at once. */
const COMPILING = 40_000;

interface Task {
  readonly room: Room;
  readonly mutate: readonly string[];
  readonly first: readonly string[];
}

/** Each has an equal part of the time that is left; those at the end may have none. */
function runAll(tasks: readonly Task[]): void {
  const done = tasks.flatMap(({ room, mutate, first }, index): { room: Room; ran: Run }[] => {
    const left = timeLeft();
    const patience =
      left === undefined
        ? undefined
        : Math.min(left - COMPILING, Math.max(LEAST_PATIENCE, Math.round((left - COMPILING) / (tasks.length - index))));
    if (patience !== undefined && patience <= 0) {
      say(`${room.name}: there was no time to try any`);
      return [];
    }
    return [{ room, ran: run(room, mutate, ROOT, { seed: values.seed, first, patience, isLoud: values.list }) }];
  });
  const open = done.flatMap(({ ran }) => ran.survivors).filter((one) => !isArgued(one));
  const left = timeLeft();
  const compiled = new Set(compiling(open, ROOT, left === undefined ? undefined : Math.max(left, COMPILING / 2)));
  for (const { room, ran } of done)
    report(
      room,
      ran,
      ran.survivors.filter((one) => compiled.has(one)),
    );
}

const isIn =
  (path: string) =>
  ({ name, source }: Room): boolean =>
    name === path || source.some((one) => path.startsWith(`${one}/`) || matchesGlob(path, one));

function roomOf(path: string): Room {
  const room = ROOMS.find(isIn(path));
  if (!room) throw new Error(`${path} is in no room: ${ROOMS.map(({ name }) => name).join(', ')}`);
  return room;
}

/** @returns null: the history does not reach back to the commit, as in a shallow clone */
function touchedSince(commit: string): Touched | null {
  const { stdout, status } = spawnSync('git', ['diff', '--unified=0', '--no-color', commit, '--', 'src'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (status !== 0) return null;
  const byFile = Object.groupBy(changesIn(stdout), ({ file }) => file);
  const touched = Object.entries(byFile)
    .filter(([file]) => file.endsWith('.ts') && existsSync(join(ROOT, file)))
    .map(([file, changes = []]) => touchedLines(file, sourceOf(file), changes));
  return {
    changed: touched.flatMap(({ changed }) => changed),
    around: touched.flatMap(({ around }) => around),
  };
}

/** In each room that has any, those first where most changed. */
function changedTasks(): Task[] {
  const commit = readFileSync(new URL('scoredAt.txt', import.meta.url), 'utf8').trim();
  const touched = touchedSince(commit);
  if (touched === null) {
    say(`no mutants were tried: this clone does not reach back to ${commit}`);
    return [];
  }
  const { changed, around } = touched;
  const inRoom = (room: Room) => (line: Line) => ROOMS.find(isIn(line.file)) === room;
  const most = Number(values.lines ?? changed.length + around.length);
  const tasks = ROOMS.map((room) => {
    const first = randomLines(changed.filter(inRoom(room)), most);
    const rest = randomLines(around.filter(inRoom(room)), most - first.length);
    return { room, mutate: [...first, ...rest].map(rangeOf), first: first.map(placeOf) };
  })
    .filter(({ mutate }) => mutate.length > 0)
    .toSorted((a, b) => b.mutate.length - a.mutate.length);
  const tried = tasks.reduce((sum, { mutate }) => sum + mutate.length, 0);
  say(
    `since ${commit.slice(0, 8)}, ${changed.length} lines of src changed, in functions with ${around.length} more; ${tried} are in ${tasks.length} rooms`,
  );
  return tasks;
}

const askedTasks = (): Task[] =>
  (positionals.length > 0 ? positionals : ROOMS.map(({ name }) => name)).map((asked) => {
    const room = roomOf(relative(ROOT, join(ROOT, asked)));
    const files = room.name === asked ? room.source.flatMap(filesOf) : filesOf(asked);
    const lines = files.flatMap((file) => worthTrying(file, sourceOf(file)));
    const mutate = values.lines === undefined ? files : randomLines(lines, Number(values.lines)).map(rangeOf);
    return { room, mutate, first: [] };
  });

runAll(values.changed ? changedTasks() : askedTasks());
