import type { Policy } from './policy.ts';

/** What may be a file: a compiled policy, and each text of a target, such as the path of a module. */
export const namesIn = ({ resources, retiredTargets }: Policy): string[] => [
  ...new Set([
    ...[...resources.values(), ...retiredTargets].flatMap(({ asWritten }) => textsIn(asWritten)),
    ...[...resources.values()].flatMap(({ roles }) =>
      [...roles.values()].flatMap(({ opa }) => (opa?.kind === 'wasm' ? [opa.file] : [])),
    ),
  ]),
];

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
