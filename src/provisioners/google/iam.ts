import type { Finding } from '../../ports/targets.ts';
import { GOOGLE_CHECKS } from '../../wording/targets/google.ts';
import { placeText } from '../place.ts';
import type { Connection, Provisioner, Use } from '../provisioner.ts';
import { fromProject } from './byHand.ts';
import { give, isThere, list, type Project, remove, stamp, takeBack } from './iamAccess.ts';
import { type Role, roleSchema, type Target, targetSchema } from './iamSchemas.ts';
import { ProjectPolicy } from './projectPolicy.ts';

const NEEDED = ['resourcemanager.projects.getIamPolicy', 'resourcemanager.projects.setIamPolicy'];

/** Bindings of a project's policy, one for each grant and role, with a condition that makes them expire. */
export const googleIam: Provisioner<Target, Role> = {
  kind: 'google_iam',
  targetSchema,
  roleSchema,
  packages: ['@googleapis/cloudresourcemanager'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ project, endpoint }) => placeText(project, endpoint),
  byHand: fromProject,
  connect,
};

function connect(target: Target, { accountOf, ids }: Use): Connection<Role> {
  const project: Project = {
    name: target.project,
    policy: new ProjectPolicy(target),
    ids,
    nameOf: ({ person }) => accountOf(target.account, person),
  };
  return {
    grant: (one, expiresAt) => give(project, one, expiresAt),
    revoke: (one) => takeBack(project, one),
    isActive: (one) => isThere(project, one),
    list: (roles) => list(project, roles),
    remove: (holding, role) => remove(project, holding, role),
    stamp: (one) => stamp(project, one),
    check: () => check(project),
    close: async () => undefined,
  };
}

async function check({ name, policy }: Project): Promise<Finding[]> {
  const permitted = await policy.permitted(NEEDED);
  return NEEDED.map((permission) => ({
    ok: permitted.includes(permission),
    what: GOOGLE_CHECKS.has(permission, name),
    fix: GOOGLE_CHECKS.projectAdmin,
  }));
}
