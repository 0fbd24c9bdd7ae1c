/** Targets of kind kubernetes. */

/** Values in the policy file. */
export const KUBERNETES_FIELDS = {
  userOrGroup: 'expected either user or group',
  objectName: 'expected the name of a Kubernetes object',
  oneRole: 'expected either cluster_role or role',
  noNamespace: 'a role belongs to a namespace: say which under namespaces',
} as const;

/** Findings of the doctor. */
export const KUBERNETES_CHECKS = {
  may: (what: string, where: string): string => `the bot may ${what} ${where}`,
  allow: (verb: string, resource: string, name: string | null, where: string): string =>
    `Allow the verb ${verb} on ${resource}${name === null ? '' : ` with the name ${name}`} ${where}.`,
  askAboutPeople: 'ask whether people may do what was bound to them',
  seeAllowed: (kind: string, name: string): string => `see what ${kind} ${name} allows`,
  bindTo: (kind: string, name: string): string => `bind people to ${kind} ${name}`,
  tellsCluster: 'the bot can tell this cluster from another, by the uid of the namespace kube-system',
  allowNamespace: 'Allow the verb get on namespaces with the name kube-system in the cluster.',
} as const;

/** Problems. */
export const KUBERNETES = {
  wholeCluster: 'in the cluster',
  namespace: (name: string): string => `in ${name}`,
  notAllowed: (who: string, role: string, place: string): string =>
    `${who} is bound to ${role} ${place}, but the cluster does not let them use it; look at what else decides there (kubectl auth can-i --as)`,
  stranger: (name: string, uid: string, madeAt: Date | null): string =>
    `the role binding ${name} (uid ${uid}${madeAt === null ? '' : `, made at ${madeAt.toISOString()}`}) is not the one that the bot made, and does not carry its label; look who made it, and delete it with kubectl: the grant ends with it`,
  answered: (where: string, said: string): string => `Kubernetes at ${where} answered ${said}`,
  noItems: (where: string): string => `Kubernetes at ${where} answered a list without its items`,
  disappeared: (name: string, place: string): string =>
    `the role binding ${name} ${place} disappeared while it was being made`,
  notOurs: (name: string, place: string): string => `there is a role binding ${name} ${place} that is not the bot's`,
  listedOnly: (name: string, place: string): string => `the role binding ${name} ${place} is listed but cannot be read`,
  clusterUnknown: (where: string): string =>
    `the bot may no longer see the namespace kube-system, so it cannot say whether ${where} is still the cluster where this access was given; allow get on namespaces with the name kube-system`,
  otherCluster: (where: string, wanted: string, identity: string): string =>
    `${where} is now another cluster than the one where this access was given (kube-system was ${wanted} and is ${identity}); point the kubeconfig back to that one until this access has ended`,
} as const;

/** What is left of ended access. */
export const KUBERNETES_LEFT = {
  nobody: 'nobody',
  binding: (one: { name: string; people: string; role: string; isMade: boolean }): string =>
    `the role binding ${one.name} of ${one.people} to ${one.role}, ${one.isMade ? 'made' : 'changed'} during this access, by its holder or by somebody else`,
  left: 'left as it is: look who made it, and delete it if nobody needs it',
  takenOut: 'the person was taken out of it: access given by hand during a grant ends with the grant',
  finalizers: (where: string, finalizers: string): string =>
    `finalizers that kept the role binding ${where}: ${finalizers}`,
  finalizersOff: 'removed, so that it is gone',
  replaced: (name: string, place: string): string =>
    `a role binding ${name} ${place} with the bot's label, which somebody made in place of the bot's own`,
} as const;
