import { z } from 'zod';
import { KUBERNETES_FIELDS } from '../../wording/targets/kubernetes.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';

const template = z.string().regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{email}"'));

export const targetSchema = z
  .strictObject({
    kind: z.literal('kubernetes'),
    /** Left out: the bot runs in the cluster, and uses its service account. */
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    /** What the person is called in the cluster; or the group that they alone are in. */
    user: template.optional(),
    group: template.optional(),
  })
  .refine(({ user, group }) => user === undefined || group === undefined, KUBERNETES_FIELDS.userOrGroup);

const objectName = z.string().regex(/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/, KUBERNETES_FIELDS.objectName);

export const roleSchema = z
  .strictObject({
    cluster_role: objectName.optional(),
    role: objectName.optional(),
    /** Left out: the whole cluster. */
    namespaces: z.array(objectName).min(1).optional(),
  })
  .refine(({ cluster_role, role }) => (cluster_role === undefined) !== (role === undefined), KUBERNETES_FIELDS.oneRole)
  .refine(({ role, namespaces }) => role === undefined || namespaces !== undefined, {
    message: KUBERNETES_FIELDS.noNamespace,
    path: ['namespaces'],
  });

export type Target = z.infer<typeof targetSchema>;
export type Role = z.infer<typeof roleSchema>;

const DEFAULT_USER = '{email}';
/** The template for what people are called in the cluster. */
export const nameTemplate = ({ user, group }: Target): string => user ?? group ?? DEFAULT_USER;
