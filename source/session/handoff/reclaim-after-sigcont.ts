/** Restores the terminal after SIGCONT, because the foreground process changed its state. */
import process from 'node:process';
import type {Session} from '../session.ts';

/** Returns a function that stops it. */
export function reclaimAfterSigcont(session: Session): () => void {
	const onContinue = () => {
		if (session.terminal.holder === 'screen') {
			void session.withTerminal(async () => {});
		} else {
			session.terminal.reenterRawMode();
		}

		// Size changes meanwhile went to another process.
		process.kill(process.pid, 'SIGWINCH');
	};

	process.on('SIGCONT', onContinue);
	return () => {
		process.off('SIGCONT', onContinue);
	};
}
