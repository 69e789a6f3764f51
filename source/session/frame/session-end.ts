/** End and exit status of the session. */
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';

export class SessionEnd {
	readonly #status = Promise.withResolvers<number>();
	readonly #closing = new AbortController();

	get status(): Promise<number> {
		return this.#status.promise;
	}

	get closing(): AbortSignal {
		return this.#closing.signal;
	}

	end(status: number): void {
		this.#status.resolve(status);
	}

	watch({stdin, stdout, interrupted}: {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; interrupted: AbortSignal}): void {
		// A closed terminal accepts no output.
		const onGone = () => {
			this.end(exitStatus.hangup);
		};

		stdout.on('error', onGone);
		stdin.on('error', onGone);
		interrupted.addEventListener('abort', () => {
			this.end(exitStatusForSignal(interrupted.reason));
		});
	}

	close(): void {
		this.#closing.abort();
	}
}
