/** Asks where to save a file. */
import {homedir} from 'node:os';
import {resolve} from 'node:path';
import type {Session} from './session.ts';

/** The limit is 255 bytes, including date and extension. */
const maxNameLength = 200;

/** Asks where to, and reports what `write` adds to `saved FILE`. Asks again if it was not saved. */
export async function saveAs(
	session: Pick<Session, 'env' | 'promptForText' | 'showMessage'>,
	{name, purpose = 'save', note}: {name: string; purpose?: string; note?: () => string},
	write: (path: string) => Promise<string>,
): Promise<void> {
	const options = {lead: 'save to ', purpose, accept: 'save', ...(note && {note})};
	let answer = await session.promptForText({...options, text: `~/${name}`});
	while (answer !== null && answer.text !== '') {
		const {text} = answer;
		try {
			session.showMessage(`saved ${text}${await write(expandHome(text, session.env))}`);
			return;
		} catch (error) {
			const problem = (error as Error).message;
			session.showMessage(`not saved: ${problem}`, 'error');
			answer = await session.promptForText({...options, text, problem});
		}
	}
}

/** Makes a file name of names such as `arn:aws:eks:eu-west-1:1234:cluster/prod`. */
export function toFileName(name: string, fallback: string): string {
	return (
		name
			.replaceAll(/[^\w.-]+/g, '-')
			.slice(0, maxNameLength)
			.replaceAll(/^[-.]+|[-.]+$/g, '') || fallback
	);
}

export function expandHome(typed: string, {HOME}: NodeJS.ProcessEnv): string {
	return resolve(typed.replace(/^~(?=\/)/, () => HOME || homedir()));
}
