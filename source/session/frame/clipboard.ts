/** Clipboard of the local terminal, also over ssh and in tmux. */

/** About the limit of xterm. */
const maxBytes = 74_994;

/**
OSC 52; `null` if the text is too long.
@see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 52); tmux(1) "allow-passthrough"
*/
export function copySequence(text: string, env: NodeJS.ProcessEnv): string | null {
	const bytes = Buffer.from(text);
	if (bytes.length > maxBytes) {
		return null;
	}

	const sequence = `\u001B]52;c;${bytes.toString('base64')}\u0007`;
	if (env['TMUX']) {
		// Without allow-passthrough, tmux can still handle the plain sequence: send both.
		return `${sequence}\u001BPtmux;${sequence.replaceAll('\u001B', '\u001B\u001B')}\u001B\\`;
	}

	return env['STY'] ? `\u001BP${sequence}\u001B\\` : sequence;
}

/** The setting that a copy depends on, if any. */
export function copyNeeds(env: NodeJS.ProcessEnv): string | null {
	return env['TMUX'] ? 'tmux relays it if set-clipboard is on' : null;
}
