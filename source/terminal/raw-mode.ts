/** Raw mode of the local terminal. */
import {spawnSync} from 'node:child_process';

/** The returned function can be called twice. */
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

/** Node's raw mode still converts LF to CR LF, which breaks programs that move the cursor down with LF. Node restores this setting too. */
function disableOutputProcessing(input: NodeJS.ReadStream): void {
	spawnSync('stty', ['-opost'], {stdio: [input, 'ignore', 'ignore'], timeout: 1000});
}
