import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MUTATIONS } from './mutations.ts';

/** Loaded before everything else (`node --import`): puts one bug into the source on its way to the engine. */
const mutation = MUTATIONS[Number(process.env.JIT_MUTATION)];
if (!mutation) throw new Error(`JIT_MUTATION names none of the ${MUTATIONS.length} mutations`);
const root = fileURLToPath(new URL('../../', import.meta.url));
let planted = false;

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || fileURLToPath(url) !== `${root}${mutation.file}`) return loaded;
    const source = String(loaded.source);
    if (source.split(mutation.find).length !== 2)
      throw new Error(`${mutation.file} does not hold once: ${mutation.find}`);
    planted = true;
    return { ...loaded, source: source.replace(mutation.find, () => mutation.replace) };
  },
});
process.on('exit', () => {
  if (!planted) process.stderr.write(`${mutation.file} was never loaded: the bug was not planted\n`);
});
