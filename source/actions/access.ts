/** What an action touches, and which of them `--read-only` allows: the one place where that is decided. */
import {SpokeError} from '../errors/spoke-error.ts';

/**
- `read`: asks the apiserver, changes nothing
- `stream`: reads for as long as it is open (logs)
- `shell`: runs something in a container or on a node, or talks to what runs there (exec, attach, kubelet's run)
- `listen`: opens a local port through which others can reach the cluster (forwards, the proxy's listener)
- `write`: may change an object, or what stands behind a proxy
*/
export type AccessClass = 'read' | 'stream' | 'shell' | 'listen' | 'write';

const allowedReadOnly: Readonly<Record<AccessClass, boolean>> = {read: true, stream: true, shell: false, listen: false, write: false};

/** Whether an action of this class may be done at all. */
export function isAccessAllowed(access: AccessClass, {readOnly}: {readOnly: boolean}): boolean {
	return !readOnly || allowedReadOnly[access];
}

/** @throws SpokeError ERR_READ_ONLY that names the action. */
export function assertAccess(action: string, access: AccessClass, options: {readOnly: boolean}): void {
	if (!isAccessAllowed(access, options)) {
		throw new SpokeError('ERR_READ_ONLY', `${action} is refused: --read-only is set, and it ${whatItDoes[access]}`);
	}
}

const whatItDoes: Readonly<Record<AccessClass, string>> = {
	read: 'reads',
	stream: 'reads',
	shell: 'runs commands',
	listen: 'opens a way in for others',
	write: 'may change something',
};
