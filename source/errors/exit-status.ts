/** The exit statuses, fixed by the contract that scripts rely on. */
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
	/** Any failure of spoke itself in exec, attach and debug, whose statuses belong to the remote command; xargs would stop at 255. */
	execOwnFailure: 125,
} as const;

const ofSignals: Readonly<Record<string, number>> = {
	SIGINT: exitStatus.interrupt,
	SIGTERM: exitStatus.terminate,
	SIGHUP: exitStatus.hangup,
};

/** The status of a process that ended by `signal`, the reason with which `Invocation.interrupted` is aborted. */
export function exitStatusForSignal(signal: unknown): number {
	return ofSignals[String(signal)] ?? exitStatus.other;
}
