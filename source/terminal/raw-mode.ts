/** A terminal that passes every key on as it is, and how it gets its own settings back. */
import {spawnSync} from 'node:child_process';

/**
Puts the terminal behind `input` into raw mode, output included. The function given back restores its settings, and may be called twice.
*/
export function enterRawMode(input: NodeJS.ReadStream): () => void {
	input.setRawMode(true);
	leaveOutputAlone(input);
	let raw = true;
	return () => {
		if (!raw) {
			return;
		}

		raw = false;
		input.setRawMode(false);
	};
}

/**
Node's raw mode still turns every line feed into carriage return and line feed, which breaks programs that move the cursor straight
down with one. Node restores all settings that it found, this one as well. Without stty the far side's own line ends still look right.
*/
function leaveOutputAlone(input: NodeJS.ReadStream): void {
	spawnSync('stty', ['-opost'], {stdio: [input, 'ignore', 'ignore'], timeout: 1000});
}
