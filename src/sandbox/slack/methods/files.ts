import { z } from 'zod';
import { structured } from './arguments.ts';
import { type Methods, TIER_4 } from './method.ts';
import { SlackRefusal } from './refusal.ts';

const uploading = z.array(z.object({ id: z.string(), title: z.string().optional() })).min(1);

/** Uploading in three steps: ask for a place, put the bytes there, complete. */
export const filesMethods: Methods = ({ workspace, baseUrl, read }) => {
  const { text } = read;
  return {
    'files.getUploadURLExternal': {
      scopes: ['files:write'],
      perMinute: TIER_4,
      call: (args) => {
        const id = workspace.newId('F');
        const length = Number(args.length);
        if (!(length > 0)) throw new SlackRefusal('invalid_arguments');
        workspace.files.set(id, { name: text(args, 'filename'), length, bytes: null, isComplete: false });
        return { upload_url: `${baseUrl()}/upload/${id}`, file_id: id };
      },
    },
    'files.completeUploadExternal': {
      scopes: ['files:write'],
      perMinute: TIER_4,
      call: (args) => {
        const given = uploading.safeParse(structured(args.files));
        if (!given.success) throw new SlackRefusal('invalid_arguments');
        const files = given.data.map(({ id, title }) => {
          const file = workspace.files.get(id);
          if (file?.bytes?.length !== file?.length || !file) throw new SlackRefusal('file_not_found');
          file.isComplete = true;
          return { id, title: title ?? file.name, name: file.name };
        });
        return { files };
      },
    },
  };
};
