/** End and exit status of the session. */
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';

export class SessionEnd {
	readonly #left = Promise.withResolvers<number>();
	readonly #closing = new AbortController();

	get status(): Promise<number> {
		return this.#left.promise;
	}

	get closing(): AbortSignal {
		return this.#closing.signal;
	}

	leave(status: number): void {
		this.#left.resolve(status);
	}

	watch({stdin, stdout, interrupted}: {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; interrupted: AbortSignal}): void {
		// A closed terminal accepts no output.
		const onGone = () => {
			this.leave(exitStatus.hangup);
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
