/** Copies to the clipboard of the local terminal, also over ssh and in tmux. */
import {sanitize} from '../../text/sanitize.ts';
import type {Session} from './session.ts';

/** Escapes control characters, so that none can end a paste early. */
export function copyToClipboard(
	{terminal, env, showMessage}: Pick<Session, 'terminal' | 'env' | 'showMessage'>,
	text: string,
	what: string,
): void {
	const sequence = copySequence(sanitize(text), env);
	if (sequence === null) {
		showMessage(`${what} is too long to copy through the terminal: save it instead`, 'warn');
		return;
	}

	terminal.stdout.write(sequence);
	const needs = copyNeeds(env);
	showMessage(`copied ${what}${needs === null ? '' : ` (${needs})`}`);
}

/** About the limit of xterm. */
const maxBytes = 74_994;

/**
OSC 52; `null` if the text is too long.
@see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 52); tmux(1) "allow-passthrough"
*/
function copySequence(text: string, env: NodeJS.ProcessEnv): string | null {
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
function copyNeeds(env: NodeJS.ProcessEnv): string | null {
	return env['TMUX'] ? 'tmux relays it if set-clipboard is on' : null;
}
