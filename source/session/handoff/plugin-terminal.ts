/** How a credential plugin gets the session's terminal: the screen steps aside, and what the plugin says without it is told as a notice. */
import {basename} from 'node:path';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {PluginTerminal} from '../../cluster/credentials/plugin-terminal.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {Session} from '../session.ts';

export type LentTerminal = PluginTerminal & {
	/** Whether it was lent at all. */
	wasLent: boolean;
};

/** Of the session, for the credential plugins of all its clusters. */
export function pluginTerminal(session: Session): LentTerminal {
	const terminal: LentTerminal = {
		wasLent: false,
		// There is no session without one.
		isAvailable: true,
		isShared: true,
		async lend(command, work) {
			terminal.wasLent = true;
			return session.withTerminal(async () => {
				session.terminal.stdout.write(`spoke  ${sanitizeLine(basename(command))} logs you in; the screen comes back when it ends\r\n`);
				return work();
			});
		},
		showStderr(text) {
			const line = text.trim().split('\n').at(-1) ?? '';
			if (line !== '') {
				session.tell(sanitizeLine(line), 'warn');
			}
		},
	};
	return terminal;
}

/** Whoever must log in does so before there is a screen to leave. False when the program was told to end meanwhile. */
export async function logInBeforeStart(
	access: ClusterClient,
	terminal: LentTerminal,
	{
		stdout,
		interrupted,
	}: {
		stdout: NodeJS.WriteStream;
		interrupted: AbortSignal;
	},
): Promise<boolean> {
	const timer = setTimeout(() => {
		if (!terminal.wasLent) {
			stdout.write('spoke  waiting for credentials …\r\n');
		}
	}, 300);
	try {
		await access.logIn(interrupted);
	} catch (error) {
		if (!interrupted.aborted) {
			throw error;
		}
	} finally {
		clearTimeout(timer);
	}

	return !interrupted.aborted;
}
