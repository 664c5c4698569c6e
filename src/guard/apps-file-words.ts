// Says why the apps file as a whole cannot be read or changed, and what to do.
import type { EditedFileFault } from '../store/edited-file-fault.ts';
import type { AppsFault } from './contract.ts';

const words: Readonly<Record<EditedFileFault, string>> = {
  missing: 'The file is gone. Put it back; a start without it knows no apps.',
  'no-folder':
    'The folder of the file, or the file that a link names, is not there. Make it, or let `APPS_FILE` name the right place.',
  'read-only':
    'The file or its folder is read-only. Mount its folder writable, or edit the file where it is mounted from.',
  'no-rights':
    'Gatehouse may not read or write the file, or write in its folder. Give both to the account that it runs as (`chown`).',
  'not-owner':
    'The file belongs to another account. Give it to the account that Gatehouse runs as (`chown`).',
  'mounted-alone':
    'The file is mounted by itself, and cannot be replaced in one step. Mount its folder instead.',
  linked:
    'The file has a second name (a hard link), which would keep the old text. Make it a file of its own: `cp apps.yaml new && mv new apps.yaml`.',
  'not-a-file':
    'What should be the file is none. Docker makes a folder where a file to mount is missing: remove it, and mount the folder of the file.',
  'not-utf8': 'The file is not UTF-8 text. Save it as UTF-8 in an editor.',
  'too-big': 'The file is larger than 1 MB.',
  'disk-full': 'The disk is full. Make room, then try again; the file is as it was.',
  'too-many-open':
    'Too many files are open. Raise the limit (`ulimit -n`, LimitNOFILE= of systemd, `ulimits` of Compose) and restart Gatehouse.',
  'broken-disk': 'The disk reports an error. Look at the log of the system: the disk may be failing.',
  lock: 'The lock file next to the file was not created by Gatehouse. Delete the one whose name ends with `.lock`, then try again.',
  busy: 'Somebody else is changing the file at this moment. Try again.',
};

export function appsFileFaults(fault: EditedFileFault): readonly AppsFault[] {
  return [{ message: words[fault] }];
}
