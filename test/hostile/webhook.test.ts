import { webhook } from '../../src/provisioners/webhook/provisioner.ts';
import { useForTests } from '../provisioners/contract.ts';
import { describeOwnHolder } from './own/holder.ts';

describeOwnHolder('webhook', { rounds: 40, pastes: true }, (url) => {
  const use = useForTests();
  const target = webhook.targetSchema.parse({ kind: 'webhook', url, secret: 'a secret of thirty-two characters' });
  return { connection: webhook.connect(target, use), close: use.close };
});
