/** Clipboard of the local terminal, also over ssh and in tmux. */

/** Most terminals accept no more; the limit of xterm is about this. */
const maxBytes = 74_994;

/**
The OSC 52 sequence, wrapped for tmux and screen; `null` if the text is too long for terminals.
@see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 52); tmux(1) "allow-passthrough"
*/
export function copySequence(text: string, env: NodeJS.ProcessEnv): string | null {
	const bytes = Buffer.from(text);
	if (bytes.length > maxBytes) {
		return null;
	}

	const sequence = `\u001B]52;c;${bytes.toString('base64')}\u0007`;
	if (env['TMUX']) {
		// Without allow-passthrough, tmux handles the plain sequence if set-clipboard is on: send both.
		return `${sequence}\u001BPtmux;${sequence.replaceAll('\u001B', '\u001B\u001B')}\u001B\\`;
	}

	return env['STY'] ? `\u001BP${sequence}\u001B\\` : sequence;
}

/** The setting that a copy depends on, if it can be ignored silently. */
export function copyNeeds(env: NodeJS.ProcessEnv): string | null {
	return env['TMUX'] ? 'tmux relays it if set-clipboard is on' : null;
}
