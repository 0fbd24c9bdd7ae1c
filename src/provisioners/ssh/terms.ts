import { SSH } from '../../wording/targets/ssh.ts';
import type { Role } from './schemas.ts';

/** What a certificate allows, as options of ssh-keygen. Everything else is switched off. */
export function optionsOf({ command, source_addresses: sources, allow }: Role): string[] {
  return [
    ...(allow ?? (command === undefined ? ['pty' as const] : [])).map((feature) => `permit-${feature}`),
    ...(command === undefined ? [] : [`force-command=${command}`]),
    ...(sources.length === 0 ? [] : [`source-address=${sources.join(',')}`]),
  ];
}

/** What the requester has to type. Only the policy knows whether a principal is a login. */
export function usageOf({ principals, login }: Role, certificate: string): string {
  const [principal = ''] = principals;
  const who = login ?? (/^[\w.-]+$/.test(principal) ? principal : 'LOGIN');
  const lines = [
    `echo '${certificate}' > ~/.ssh/jit-cert.pub`,
    `ssh -o CertificateFile=~/.ssh/jit-cert.pub ${who}@HOST`,
  ];
  if (login === undefined) lines.push(SSH.loginOf(principals.join(', ')));
  return lines.join('\n');
}
