/** Raw mode of the local terminal. */
import {spawnSync} from 'node:child_process';

/**
Sets raw mode for input and output. The returned function restores the settings and can be called twice.
*/
export function enterRawMode(input: NodeJS.ReadStream): () => void {
	input.setRawMode(true);
	disableOutputProcessing(input);
	let isRaw = true;
	return () => {
		if (!isRaw) {
			return;
		}

		isRaw = false;
		input.setRawMode(false);
	};
}

/**
Node's raw mode still converts line feeds to CR LF, which breaks programs that move the cursor down with a line feed.
Node restores all settings, including this one. Without stty, the line ends of the remote side still look right.
*/
function disableOutputProcessing(input: NodeJS.ReadStream): void {
	spawnSync('stty', ['-opost'], {stdio: [input, 'ignore', 'ignore'], timeout: 1000});
}
