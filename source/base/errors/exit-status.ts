/** Exit statuses, part of the contract. */
export const exitStatus = {
	ok: 0,
	other: 1,
	usage: 2,
	requireNotMet: 3,
	requireUndecided: 4,
	configuration: 5,
	credentials: 6,
	forbidden: 7,
	notFound: 8,
	unreachable: 9,
	apiserverTls: 10,
	secondLeg: 11,
	targetGone: 12,
	streamLost: 13,
	local: 14,
	bug: 70,
	hangup: 129,
	interrupt: 130,
	brokenPipe: 141,
	terminate: 143,
	/** If spoke itself fails where other statuses are those of a command that it runs. Not 255, at which xargs stops. */
	execOwnFailure: 125,
	commandNotExecutable: 126,
	commandNotFound: 127,
} as const;

const statusBySignal: Readonly<Record<string, number>> = {
	SIGINT: exitStatus.interrupt,
	SIGTERM: exitStatus.terminate,
	SIGHUP: exitStatus.hangup,
};

const meanings = {
	ok: 'success; with --require, the requirement is met',
	other: 'a failure that has no status of its own',
	usage:
		'a command, flag, target, port, keymap, theme or set of forwards is invalid, or the action is not allowed here (--read-only, no terminal, mcp)',
	requireNotMet: '--require is not met',
	requireUndecided: '--require is undecided, because the evidence does not suffice',
	configuration:
		'the kubeconfig is missing, invalid or without the named context, or the policy is invalid, unreadable or can be changed by others',
	credentials: 'your credentials were rejected, or cannot be used',
	forbidden: 'you lack a permission',
	notFound: 'the object, container, port or detached forward was not found, or the target has no pods',
	unreachable: 'the apiserver is unreachable, or did not respond in time; doctor nodes: no kubelet responded',
	apiserverTls: 'the apiserver’s certificate failed verification, or cannot be used',
	secondLeg: 'leg 2 failed: the apiserver cannot reach or verify the kubelet, node or pod',
	targetGone:
		'the pod or container is gone or not running (doctor: or restarted within minutes), or a connection to a port in it was refused',
	streamLost: 'the stream was lost, and the result is unknown; or the other side violated the protocol, or is not an apiserver',
	local: 'something on this machine failed, for example a port is in use or a file cannot be written',
	bug: 'a bug in spoke',
	execOwnFailure:
		'exec, attach, debug, and port-forward with a command: a failure that is not the command’s own, except of a requirement (3 or 4)',
	commandNotExecutable: 'port-forward with a command: the command could not be started',
	commandNotFound: 'port-forward with a command: the command was not found',
	hangup: 'ended by SIGHUP',
	interrupt: 'ended by SIGINT; port-forward exits 0',
	brokenPipe: 'the reader of the output closed it',
	terminate: 'ended by SIGTERM',
} as const satisfies Record<keyof typeof exitStatus, string>;

/** What each exit status means, in the order of the statuses; docs/errors.md and the manual page are rendered from it. */
export function exitStatusMeanings(): ReadonlyArray<{status: number; meaning: string}> {
	return (Object.keys(meanings) as Array<keyof typeof meanings>)
		.map(name => ({status: exitStatus[name], meaning: meanings[name]}))
		.sort((one, other) => one.status - other.status);
}

/** `signal` is the abort reason of `Invocation.interrupted`. */
export function exitStatusForSignal(signal: unknown): number {
	return statusBySignal[String(signal)] ?? exitStatus.other;
}
