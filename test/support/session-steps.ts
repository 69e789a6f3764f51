/** Steps of a user in the session. */
import type {TestTerminal} from './terminal.ts';

/** Types a command into the palette, without its colon. */
export async function runPaletteCommand(terminal: TestTerminal, command: string): Promise<void> {
	terminal.press('palette.open');
	await terminal.sees(/Commands ─/);
	terminal.type(command);
	terminal.press('accept');
}

/** Submits the form as it is, for the selected pod of the sandbox, and confirms. */
export async function addDebugContainer(terminal: TestTerminal, pod: string): Promise<void> {
	terminal.press('debug');
	await terminal.sees(new RegExp(`spoke debug -n default ${pod}-`));
	terminal.press('accept');
	await terminal.sees(/It cannot be removed from the pod/);
	terminal.press('confirm.yes');
}
