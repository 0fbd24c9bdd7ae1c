import { type Profiler, Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

/** Which functions of some folders have run in this process, by V8's own count. */
export interface FunctionWatch {
  /** Those with a name that never ran, by file. */
  neverRan(): Promise<Readonly<Record<string, readonly string[]>>>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Has to begin before what it watches is loaded. */
export async function watchFunctions(folders: readonly string[]): Promise<FunctionWatch> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  return {
    neverRan: async () => {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      session.disconnect();
      const found = result.map((script) => [fileOf(script), namesIn(script)] as const);
      return Object.fromEntries(
        found.filter(([file, names]) => names.length > 0 && folders.some((folder) => file.startsWith(`${folder}/`))),
      );
    },
  };
}

const fileOf = ({ url }: Profiler.ScriptCoverage): string =>
  url.startsWith('file:') ? fileURLToPath(url).slice(ROOT.length) : '';

const namesIn = ({ functions }: Profiler.ScriptCoverage): string[] =>
  functions.flatMap(({ functionName, ranges }) =>
    functionName !== '' && ranges[0]?.count === 0 ? [functionName] : [],
  );
