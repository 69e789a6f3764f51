/** How does a session end, and with which status? Whoever ends it first says so. */
import {exitStatusForSignal} from '../errors/exit-status.ts';

/** As a shell counts the end by SIGHUP. */
const goneStatus = 129;

export class SessionEnd {
	readonly #left = Promise.withResolvers<number>();
	readonly #closing = new AbortController();

	/** The exit status, once it is over. */
	get status(): Promise<number> {
		return this.#left.promise;
	}

	/** Aborted when what runs is taken down. */
	get closing(): AbortSignal {
		return this.#closing.signal;
	}

	leave(status: number): void {
		this.#left.resolve(status);
	}

	/** It also ends when the program is told to, and when its terminal is gone. */
	watch({stdin, stdout, interrupted}: {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; interrupted: AbortSignal}): void {
		// A terminal that is gone takes nothing any more: there is nobody to tell.
		const onGone = () => {
			this.leave(goneStatus);
		};

		stdout.on('error', onGone);
		stdin.on('error', onGone);
		interrupted.addEventListener('abort', () => {
			this.leave(exitStatusForSignal(interrupted.reason));
		});
	}

	close(): void {
		this.#closing.abort();
	}
}
