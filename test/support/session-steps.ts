/** Steps of a user in the session. */
import type {TestScreen} from './test-screen.ts';

/** Types a command into the palette, without its colon. */
export async function runPaletteCommand(session: TestScreen, command: string): Promise<void> {
	session.press('palette.open');
	await session.sees(/Commands ─/);
	session.type(command);
	session.press('accept');
}

/** Submits the form as it is, for the selected pod of the sandbox, and confirms. */
export async function addDebugContainer(session: TestScreen, pod: string): Promise<void> {
	session.press('debug');
	await session.sees(new RegExp(`spoke debug -n default ${pod}-`));
	session.press('accept');
	await session.sees(/It cannot be removed from the pod/);
	session.press('confirm.yes');
}
