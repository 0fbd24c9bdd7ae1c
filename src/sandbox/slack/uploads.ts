import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBytes } from '../http.ts';
import type { Workspace } from './workspace.ts';

/** A file comes as it is, or as the one part of a form. */
export async function receiveFile(
  workspace: Workspace,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await readBytes(request);
  const file = workspace.files.get(id);
  if (!file || file.bytes) return void response.writeHead(404).end();
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/')) {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
    const [part] = [...form.values()].filter((value) => typeof value !== 'string');
    file.bytes = part ? Buffer.from(await part.arrayBuffer()) : Buffer.alloc(0);
  } else file.bytes = bytes;
  response.writeHead(200).end(`OK - ${file.bytes.length}`);
}
