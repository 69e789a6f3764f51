/** `spoke completion`: scripts for shells, and the words that these ask for. */
import {SpokeError} from '../errors/spoke-error.ts';
import {exitStatus} from '../errors/exit-status.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';
import type {Command} from './command.ts';
import {askCluster} from './completion/ask-cluster.ts';
import {completeWords} from './completion/complete-words.ts';
import {completionScripts} from './completion/scripts.ts';
import {completionRow} from './rows/completion.ts';
import {commandTable} from './table.ts';

export const command: Command<typeof completionRow.flags> = {
	row: completionRow,
	async run({positionals, afterDash, stdout, env}) {
		const [what = '', ...surplus] = positionals;
		if (what === 'words' && surplus.length === 0) {
			stdout.write((await wordsFor(afterDash ?? [], env)).map(({word, does}) => `${sanitiseLine(word)}\t${sanitiseLine(does)}\n`).join(''));
			return exitStatus.ok;
		}

		const script = Object.hasOwn(completionScripts, what) ? completionScripts[what] : undefined;
		if (script === undefined || surplus.length > 0) {
			throw new SpokeError(
				'ERR_USAGE',
				what === '' ? 'a shell is needed' : `there is no completion for ${JSON.stringify(positionals.join(' '))}`,
				{remedy: `spoke completion ${Object.keys(completionScripts).join('|')}`},
			);
		}

		stdout.write(script);
		return exitStatus.ok;
	},
};

async function wordsFor(words: readonly string[], env: NodeJS.ProcessEnv) {
	const {offers, asked, command: row, rest} = completeWords(commandTable.map(({row}) => row), words);
	if (asked === null) {
		return offers;
	}

	// Nobody reads an error while typing: what cannot be asked offers nothing.
	return askCluster(asked, rest, row?.flags ?? [], env).catch(() => []);
}
