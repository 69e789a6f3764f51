/** One follow of a log: its request, its stall detector, and why it is stopped. */
import {anySignal} from '../../async/abortable.ts';
import {monotonicMs} from '../../async/clock.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {EmitLogEvent, LogSource} from './log-events.ts';
import {LogInterruptedError} from './log-error.ts';
import type {OpenLog, OpenLogOptions} from './open-log.ts';
import {StallDetector, type ApiserverCheck, type StallTimeouts} from './stall-detector.ts';

type FollowReadOptions = {
	source: LogSource;
	emit: EmitLogEvent;
	signal: AbortSignal | undefined;
	apiserverCheck: ApiserverCheck;
	stallTimeouts: StallTimeouts;
	/** No longer needed. */
	hasEnded(): boolean;
	/** No response for 1 s. */
	onUnanswered(): Promise<void>;
	/** @throws if the second read fails */
	hasNewLines(hasResponse: boolean): Promise<boolean>;
};

/** A kubelet sends existing lines within this time; a longer wait is for a new line. */
const emptyLogAfterMs = 3000;
const unansweredAfterMs = 1000;

/** Must be closed. */
export class FollowRead {
	/** Aborted after a stall, or when the follow is no longer needed. */
	readonly stopSignal: AbortSignal;
	readonly stallDetector: StallDetector;
	readonly #options: FollowReadOptions;
	readonly #stop = new AbortController();
	readonly #unansweredTimer: NodeJS.Timeout;
	#open: OpenLog | null = null;
	#requestedAt: number | null = null;

	constructor(options: FollowReadOptions) {
		this.#options = options;
		this.stopSignal = this.#stop.signal;
		this.stallDetector = this.#watchForStall();
		this.#unansweredTimer = setTimeout(() => {
			void options.onUnanswered();
		}, unansweredAfterMs);
	}

	/** `null` before the request. */
	get requestedAt(): number | null {
		return this.#requestedAt;
	}

	/** @throws as `open` */
	async open(open: (options: Pick<OpenLogOptions, 'signal' | 'onRequest'>) => Promise<OpenLog>): Promise<OpenLog> {
		this.#open = await open({
			signal: anySignal(this.stopSignal, this.#options.signal),
			onRequest: () => {
				this.#requestedAt = monotonicMs();
			},
		});
		clearTimeout(this.#unansweredTimer);
		return this.#open;
	}

	/** Returns whether it has ended. */
	stopIfEnded(): boolean {
		const hasEnded = this.#options.hasEnded();
		if (hasEnded) {
			this.#stop.abort(new SpokeError('ERR_STREAM_LOST', 'no longer needed'));
		}

		return hasEnded;
	}

	/** A follow of an empty log has no response yet. `null` if it had one, was refused or was lost at once. */
	interruptionBeforeResponse(error: unknown): SpokeError | null {
		if (this.#open !== null) {
			return null;
		}

		if (this.stopSignal.aborted) {
			return toSpokeError(this.stopSignal.reason);
		}

		const isInterruption =
			this.#requestedAt !== null &&
			monotonicMs() - this.#requestedAt > emptyLogAfterMs &&
			isSpokeError(error) &&
			error.code === 'ERR_APISERVER_UNREACHABLE';
		return isInterruption
			? new LogInterruptedError(`the log of ${this.#options.source.pod} was interrupted before its first line`, error)
			: null;
	}

	close(): void {
		clearTimeout(this.#unansweredTimer);
		this.stallDetector.stop();
		this.#open?.close();
	}

	/** Detects stalls. Before a response, waits for the apiserver's message and emits nothing. */
	#watchForStall(): StallDetector {
		const {source, emit, apiserverCheck, stallTimeouts, hasNewLines} = this.#options;
		const emitIfOpen = (type: 'checking' | 'checked') => {
			if (this.#open !== null) {
				void emit({type, source});
			}
		};

		return new StallDetector(apiserverCheck, stallTimeouts, {
			hasNewLines: async () => hasNewLines(this.#open !== null),
			onChecking() {
				emitIfOpen('checking');
			},
			onChecked() {
				emitIfOpen('checked');
			},
			onStalled: (leg, silentForMs, error) => {
				void emit({type: 'stalled', source, leg, silentForMs});
				this.#stop.abort(error);
			},
		});
	}
}
