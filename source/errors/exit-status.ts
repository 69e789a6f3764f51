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

/** `signal` is the abort reason of `Invocation.interrupted`. */
export function exitStatusForSignal(signal: unknown): number {
	return statusBySignal[String(signal)] ?? exitStatus.other;
}
