/** Whether a failure means that the image has no shell. */
import type {SpokeError} from '../../errors/spoke-error.ts';

/**
A missing container or node file is also "not found", so only text about the command counts.
@see runc: `exec: "/bin/sh": stat /bin/sh: no such file or directory`; crun: ``executable file `/bin/sh` not found``
*/
export function isShellMissing({code, text, message}: Pick<SpokeError, 'code' | 'text' | 'message'>): boolean {
	return (
		(code === 'ERR_COMMAND_NOT_STARTED' || code === 'ERR_APISERVER_ANSWER') &&
		/executable file .*not found|\/bin\/sh.*no such file or directory/i.test(text ?? message)
	);
}
