/** Whether there is a terminal on the far side, as kubectl decides it, and what is said when one cannot be had. */

export type TtyRequest = {
	stdin: boolean;
	tty: boolean;
	/** `process.stdin` is a terminal. */
	here: boolean;
	/** For attach: the container was started with a terminal of its own. */
	container?: {name: string; tty: boolean};
};

/** @see k8s.io/kubectl pkg/cmd/exec/exec.go SetupTTY, pkg/cmd/attach/attach.go */
export function chooseTty({stdin, tty, here, container}: TtyRequest): {tty: boolean; notice: string | null} {
	if (container && tty && !container.tty) {
		return {tty: false, notice: `Unable to use a TTY - container ${container.name} did not allocate one`};
	}

	// A container that has a terminal mixes its outputs: asking for them apart is an error there.
	const wanted = tty || container?.tty === true;
	if (!wanted || !stdin) {
		return {tty: false, notice: null};
	}

	return here ? {tty: true, notice: null} : {tty: false, notice: 'Unable to use a TTY - input is not a terminal or the right kind of file'};
}
