/** Detects a silent command that may have ended. */
import type {CommandChannels} from './command-channels.ts';

/** Where nothing comes behind input. */
export const mayHaveEndedNotice =
	'still waiting: the command may be busy, or it may have exited before reading all input (not every runtime reports this)';

/** A pipe of Linux holds as much: less cannot hold a runtime up. */
const pipeBytes = 65_536;

/**
Measured: containerd that still passes input on to a command which has ended waits for good, and so does kubectl; by no carrier is there
a sign of it.
`onWaiting` is told once, when for `quietMs` no byte went either way.
*/
export function detectSilentEnd(
	channels: Pick<CommandChannels, 'received' | 'sent'>,
	onWaiting: ((notice: string) => void) | undefined,
	silentForMs = 30_000,
): {stop: () => void} {
	let lastCounts = '';
	let changedAt = performance.now();
	const timer = setInterval(
		() => {
			const counts = `${channels.sent} ${channels.received}`;
			if (counts !== lastCounts) {
				lastCounts = counts;
				changedAt = performance.now();
			} else if (channels.sent > pipeBytes && performance.now() - changedAt >= silentForMs) {
				clearInterval(timer);
				onWaiting?.(`no data for ${Math.round(silentForMs / 1000)} s after its input; ${mayHaveEndedNotice}`);
			}
		},
		Math.min(silentForMs / 3, 5000),
	);
	timer.unref();
	return {
		stop() {
			clearInterval(timer);
		},
	};
}
