/** Detection of images without a shell. */
import test from 'ava';
import {isShellMissing, exitStatusFrom} from '../../../source/streams/remote-command/command-channels.ts';

const failure = (message: string) => {
	try {
		exitStatusFrom({status: Buffer.from(JSON.stringify({kind: 'Status', status: 'Failure', message})), lost: null});
	} catch (error) {
		return error as Parameters<typeof isShellMissing>[0];
	}

	throw new Error('no failure');
};

const texts: ReadonlyArray<readonly [isNoShell: boolean, message: string]> = [
	[
		true,
		'Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "4f": OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown',
	],
	[
		true,
		'OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": executable file not found in $PATH: unknown',
	],
	[true, 'error executing command in container: exec failed: executable file `/bin/sh` not found: No such file or directory'],
	[false, 'container not found ("app")'],
	[
		false,
		'error executing command in container: failed to exec in container: failed to load task: no running task found: task 4f not found: not found',
	],
	[
		false,
		'OCI runtime exec failed: exec failed: unable to start container process: error executing setns process: open /proc/412/ns/ipc: no such file or directory',
	],
	[false, 'error dialing backend: dial unix /run/containerd/containerd.sock: connect: no such file or directory'],
];

for (const [isNoShell, message] of texts) {
	test(`${isNoShell ? 'no shell' : 'something else'}: ${message.slice(-60)}`, t => {
		t.is(isShellMissing(failure(message)), isNoShell);
	});
}
