/** Copies text to the clipboard of the person's own terminal, over ssh and through tmux as well. */

/** More is not taken by most terminals (xterm's own limit is about this). */
const mostBytes = 74_994;

/**
The OSC 52 sequence, wrapped where tmux or screen stands between; `null` when the text is longer than terminals take.
@see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 52); tmux(1) "allow-passthrough"
*/
export function copySequence(text: string, env: NodeJS.ProcessEnv): string | null {
	const bytes = Buffer.from(text);
	if (bytes.length > mostBytes) {
		return null;
	}

	const sequence = `\u001B]52;c;${bytes.toString('base64')}\u0007`;
	if (env['TMUX']) {
		// Without allow-passthrough tmux takes the plain one itself when set-clipboard allows: both are sent.
		return `${sequence}\u001BPtmux;${sequence.replaceAll('\u001B', '\u001B\u001B')}\u001B\\`;
	}

	return env['STY'] ? `\u001BP${sequence}\u001B\\` : sequence;
}

/** What must be so for a copy to arrive, where what stands between is known and takes it or not without a word; `null` elsewhere. */
export function copyNeeds(env: NodeJS.ProcessEnv): string | null {
	return env['TMUX'] ? 'tmux passes it on with set-clipboard on' : null;
}
