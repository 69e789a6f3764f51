/** Lends the terminal to credential plugins, and shows their output as notices. */
import {basename} from 'node:path';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {PluginTerminal} from '../../cluster/credentials/run-plugin.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {Session} from '../frame/session.ts';

export type LentTerminal = PluginTerminal & {
	wasLent: boolean;
};

export function pluginTerminal(session: Session): LentTerminal {
	const terminal: LentTerminal = {
		wasLent: false,
		isAvailable: true,
		isShared: true,
		async lend(command, work) {
			terminal.wasLent = true;
			return session.withTerminal(async () => {
				session.terminal.stdout.write(`spoke  ${sanitizeLine(basename(command))} logs you in; the screen returns when it exits\r\n`);
				return work();
			});
		},
		showStderr(text) {
			const line = text.trim().split('\n').at(-1) ?? '';
			if (line !== '') {
				session.showMessage(sanitizeLine(line), 'warn');
			}
		},
	};
	return terminal;
}

/** False when a signal ended the program meanwhile. */
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
