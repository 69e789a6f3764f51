/** Stopped from outside and continued: whoever had the terminal meanwhile left it in its own state, so it is taken again. */
import process from 'node:process';
import type {Session} from '../session.ts';

/** From now on, until the function given back is called. */
export function reclaimAfterSigcont(session: Session): () => void {
	const onContinue = () => {
		if (session.terminal.holder === 'screen') {
			// Leaving the screen and coming back writes all that a terminal may have lost.
			void session.withTerminal(async () => {});
		} else {
			session.terminal.reenterRawMode();
		}

		// A size that changed meanwhile was told to whoever was in the foreground.
		process.kill(process.pid, 'SIGWINCH');
	};

	process.on('SIGCONT', onContinue);
	return () => {
		process.off('SIGCONT', onContinue);
	};
}
