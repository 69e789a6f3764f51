/** Text output of port-forward: kubectl's lines on stdout, others on stderr. */
import {describeForwardEvent, type ForwardDescription} from '../../descriptions/describe-forward-event.ts';
import {joinParts} from '../../descriptions/parts.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {ForwardEvent, ForwardTotals} from '../../streams/port-forward/forward-event.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {TargetWithPorts} from './forward-arguments.ts';

type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

/** `hasHints`: says how to use the forwards. */
export function textReporter(stdout: Output, stderr: Output, {hasHints = true} = {}): ForwardReporter {
	const lines = new BurstLines(stdout);
	const say = (text: string, isOfBurst: boolean) => {
		lines.write(`${sanitizeLine(text)}\n`, isOfBurst);
	};

	const note = (text: string) => {
		lines.flush();
		stderr.write(noticeLine(text, stderr));
	};

	const remotePorts = new Map<string, number>();
	const localPorts = new Map<string, number>();
	/** The last server text of each forward: a port that stays closed refuses each connection with the same text. */
	const serverTexts = new Map<string, string | null>();
	/** The ports of a target wait together. */
	let lastWait = '';
	/** Returns whether it repeats the text before it. */
	const recordText = (event: ForwardEvent, {subject, kind, parts}: ForwardDescription): boolean => {
		if (event.event === 'waiting') {
			const before = lastWait;
			lastWait = joinParts(parts);
			return lastWait === before;
		}

		if (event.event !== 'connection-failed' || subject !== 'connection' || kind !== 'note') {
			return false;
		}

		const isSame = serverTexts.get(event.forward) === event.error.text;
		serverTexts.set(event.forward, event.error.text);
		return isSame;
	};

	return {
		event(event) {
			if (event.event === 'ready') {
				remotePorts.set(event.forward, event.remotePort);
			} else if (event.event === 'connection-opened') {
				localPorts.set(event.connection, event.port);
			}

			const connection = 'connection' in event ? event.connection : '';
			const who = `connection ${connection} (${localPorts.get(connection)} -> ${remotePorts.get(event.forward)})`;
			for (const description of isShown(event) ? describeForwardEvent(event) : []) {
				if (description.kind === 'hint' && !hasHints) {
					continue;
				}

				const isRepeated = recordText(event, description);
				if (isRepeated) {
					continue;
				}

				if (description.kind === 'output') {
					say(forwardLine(description, who), event.event === 'connection-opened');
				} else {
					note(forwardLine(description, who));
				}
			}

			if (event.event === 'connection-closed' || event.event === 'connection-failed') {
				localPorts.delete(event.connection);
			}
		},
		allReady() {},
		path() {},
		ended() {
			lines.flush();
		},
	};
}

/** Interval of writes in a burst: waking the reader costs more than a line. */
const burstMs = 20;

/** Writes the first line of a burst at once, and gathers the others, in order. */
class BurstLines {
	readonly #output: Output;
	#pending = '';
	#timer: NodeJS.Timeout | undefined;

	constructor(output: Output) {
		this.#output = output;
	}

	write(line: string, isOfBurst: boolean): void {
		this.#pending += line;
		if (!isOfBurst || !this.#timer) {
			this.flush();
		}

		if (isOfBurst) {
			this.#timer ??= setTimeout(() => {
				this.#timer = undefined;
				this.flush();
			}, burstMs);
		}
	}

	flush(): void {
		const text = this.#pending;
		this.#pending = '';
		if (text !== '') {
			this.#output.write(text);
		}
	}
}

/** A connection's end is shown only if it is a reset inside the pod; others are normal. */
function isShown(event: ForwardEvent): boolean {
	return event.event !== 'connection-closed' || event.end === 'pod-reset';
}

/** `who` names the connection that a note is about. */
export function forwardLine({kind, subject, parts}: ForwardDescription, who: string): string {
	switch (kind) {
		case 'output': {
			return joinParts(parts, {without: ['pod']});
		}

		case 'warning': {
			return `warning: ${joinParts(parts)}`;
		}

		default: {
			return `${kind === 'note' && subject === 'connection' ? `${who}: ` : ''}${joinParts(parts)}`;
		}
	}
}

type ForwardRunResult = {exitStatus: number; reason: string; signal: string | null; totals: ForwardTotals; error: SpokeError | null};

export type ForwardReporter = {
	event(event: ForwardEvent): void;
	allReady(targets: readonly TargetWithPorts[]): void;
	path(forward: string, path: Path): void;
	ended(ended: ForwardRunResult): void;
};
