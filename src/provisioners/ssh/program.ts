import { execFile } from 'node:child_process';
import { SSH } from '../../wording/targets/ssh.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

/** Runs a program of the operator without a shell. @throws with its output and its purpose */
export function runProgram([program = '', ...args]: readonly string[], purpose: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: TARGET_DEADLINE }, (error, _stdout, stderr) => {
      if (!error) return resolve();
      const said = stderr.trim() || error.message;
      reject(new Error(SSH.programFailed(program, purpose, said), { cause: error }));
    });
  });
}
