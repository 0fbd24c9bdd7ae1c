import type { ToTakeBack } from '../provisioner.ts';
import { word } from '../quoting.ts';
import { bindingName } from './bindings.ts';
import type { Role, Target } from './schemas.ts';

export function byHand({ grantId, role }: ToTakeBack<Role>, target: Target | null): readonly string[] {
  const { kubeconfig, context } = target ?? {};
  const kubectl = [
    'kubectl',
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', word(kubeconfig)]),
    ...(context === undefined ? [] : ['--context', word(context)]),
  ].join(' ');
  const name = bindingName(grantId);
  return role.namespaces === undefined
    ? [`${kubectl} delete clusterrolebinding ${name} --ignore-not-found`]
    : role.namespaces.map((one) => `${kubectl} --namespace ${word(one)} delete rolebinding ${name} --ignore-not-found`);
}
