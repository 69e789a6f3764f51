/** `spoke forwards check`. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {
	readForwardFile,
	type ForwardFileEntry,
	forwardSetNames,
	forwardSetsDirectory,
	isForwardSetName,
} from '../../command-line/forward-file.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {validateForward} from '../../streams/port-forward/forward-request.ts';
import {parseListenAddresses} from '../../streams/port-forward/listen-address.ts';
import {formatQuantity} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {assertUniquePorts, parseForwardEntries} from '../port-forward/forward-arguments.ts';
import type {ForwardsInvocation} from './spec.ts';

/**
Prints each problem of the lines of a set, or else the first local port that is used twice. `named`: its name, or a path. Resolves to the
exit status.
@throws SpokeError ERR_LOCAL_FILE
*/
export async function checkSet({stdout, stderr, env}: ForwardsInvocation, named: string): Promise<number> {
	const directory = forwardSetsDirectory(env);
	const file = directory !== null && isForwardSetName(named) ? join(directory, named) : named;
	const text = await readFile(file, 'utf8').catch((error: unknown) => {
		const names = forwardSetNames(env).join(', ');
		throw new SpokeError('ERR_LOCAL_FILE', `cannot read the set of forwards: ${(error as Error).message}`, {
			remedy: names === '' ? 'save one in the session, or name a file' : `name a file, or one of ${names}`,
			cause: error,
		});
	});
	const {entries, problems} = readForwardFile(text, file, validateForward);
	const messages = problems.length > 0 ? problems.map(({message}) => message) : portProblems(entries).map(problem => `${file}: ${problem}`);
	for (const message of messages) {
		stderr.write(`${sanitizeLine(message)}\n`);
	}

	if (messages.length > 0) {
		return exitStatus.usage;
	}

	stdout.write(`${sanitizeLine(file)}: ${formatQuantity(entries.length, 'forward')}, no problems\n`);
	return exitStatus.ok;
}

/** The first local port that two forwards of one context use. Entries without a context belong to every context. */
function portProblems(entries: readonly ForwardFileEntry[]): readonly string[] {
	const contexts = new Set(entries.map(({context}) => context));
	try {
		for (const context of contexts) {
			const together = entries.filter(entry => entry.context === null || entry.context === context);
			assertUniquePorts(parseForwardEntries(together), parseListenAddresses(['localhost']));
		}

		return [];
	} catch (error) {
		if (isSpokeError(error)) {
			return [error.message];
		}

		throw error;
	}
}
