/** Has a command that says nothing behind much input ended without anybody's word? */
import type {CommandChannels} from './command-channels.ts';

/** Where nothing comes behind input. */
export const mayHaveEndedNotice = 'waiting on: the command may be busy, or it ended before its input did, which not every runtime tells';

/** A pipe of Linux holds as much: less cannot hold a runtime up. */
const pipeBytes = 65_536;

/**
Measured: containerd that still passes input on to a command which has ended waits for good, and so does kubectl; by no carrier is there a sign of it.
`onWaiting` is told once, when for `quietMs` no byte went either way.
*/
export function detectSilentEnd(
	channels: Pick<CommandChannels, 'received' | 'sent'>,
	onWaiting: ((notice: string) => void) | undefined,
	quietMs = 30_000,
): {stop: () => void} {
	let known = '';
	let since = performance.now();
	const timer = setInterval(
		() => {
			const now = `${channels.sent} ${channels.received}`;
			if (now !== known) {
				known = now;
				since = performance.now();
			} else if (channels.sent > pipeBytes && performance.now() - since >= quietMs) {
				clearInterval(timer);
				onWaiting?.(`nothing came for ${Math.round(quietMs / 1000)} s behind its input; ${mayHaveEndedNotice}`);
			}
		},
		Math.min(quietMs / 3, 5000),
	);
	timer.unref();
	return {
		stop() {
			clearInterval(timer);
		},
	};
}
