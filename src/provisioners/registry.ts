import { awsIam } from './aws/iam.ts';
import { awsIdentityCenter } from './aws/identityCenter.ts';
import { command } from './command/provisioner.ts';
import { github } from './github/provisioner.ts';
import { googleGroup } from './google/group.ts';
import { googleIam } from './google/iam.ts';
import { kubernetes } from './kubernetes/provisioner.ts';
import { localModule } from './module/provisioner.ts';
import { mysql } from './mysql/provisioner.ts';
import { okta } from './okta/provisioner.ts';
import { postgres } from './postgres/provisioner.ts';
import type { Provisioner } from './provisioner.ts';
import { slack } from './slackGroups/provisioner.ts';
import { ssh } from './ssh/provisioner.ts';
import { webhook } from './webhook/provisioner.ts';

/** All kinds of targets. Each pairs its schemas with its code, so that what a schema parsed fits the code. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where kinds with different types stand in one list
export const PROVISIONERS: readonly Provisioner<any, any>[] = [
  awsIam,
  awsIdentityCenter,
  command,
  github,
  googleGroup,
  googleIam,
  kubernetes,
  localModule,
  mysql,
  okta,
  postgres,
  slack,
  ssh,
  webhook,
];
