/** `spoke completion`: scripts for shells, and the words that these ask for. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {Command} from '../command.ts';
import {completeFromCluster} from './complete-from-cluster.ts';
import {completeWords, type CompletionItem} from './complete-words.ts';
import {completionScripts} from './scripts.ts';
import {readAliases} from '../kuberc/apply-kuberc.ts';
import {completionSpec} from './spec.ts';
import {commandTable} from '../command-table.ts';

export const command: Command<typeof completionSpec.flags> = {
	row: completionSpec,
	async run({positionals, afterDash, stdout, env}) {
		const [what = '', ...surplus] = positionals;
		if (what === 'words' && surplus.length === 0) {
			stdout.write((await wordsFor(afterDash ?? [], env)).map(offer => offerLine(offer)).join(''));
			return exitStatus.ok;
		}

		if (what === 'kubectl' && surplus.length === 0) {
			const offers = await wordsFor(afterDash ?? [], env);
			stdout.write(`${offers.map(offer => offerLine(offer)).join('')}:${directiveFor(offers)}\n`);
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

function offerLine({word, does}: CompletionItem): string {
	return `${sanitizeLine(word)}\t${sanitizeLine(does)}\n`;
}

/**
What kubectl's shell scripts do with the words: without any they offer files, and behind a word that goes on they put no space.
@see https://github.com/spf13/cobra/blob/v1.10.0/completions.go ShellCompDirective
*/
function directiveFor(offers: readonly CompletionItem[]): number {
	const [noSpace, noFiles] = [2, 4];
	return offers.length === 0 ? 0 : noFiles + (offers.every(({word}) => /[/:=]$/.test(word)) ? noSpace : 0);
}

async function wordsFor(typed: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly CompletionItem[]> {
	const rows = commandTable.map(({row}) => row);
	const aliases = await readAliases(env);
	const at = typed.findIndex((word, index) => index < typed.length - 1 && (aliases.has(word) || rows.some(({name}) => name === word)));
	const words = typed.with(Math.max(at, 0), aliases.get(typed[at] ?? '') ?? typed[Math.max(at, 0)] ?? '');
	const {offers, asked, command: row, rest} = completeWords(rows, words);
	if (asked === null) {
		const last = typed.at(-1) ?? '';
		const isCommand = at < 0 && !last.startsWith('-') && offers.every(({word}) => rows.some(({name}) => name === word));
		return isCommand ? [...offers, ...aliasOffers(aliases, last)] : offers;
	}

	// Nobody reads an error while typing: what cannot be asked offers nothing.
	return completeFromCluster(asked, rest, row?.flags ?? [], env).catch(() => []);
}

function aliasOffers(aliases: ReadonlyMap<string, string>, prefix: string): readonly CompletionItem[] {
	return [...aliases]
		.filter(([name]) => name.startsWith(prefix))
		.map(([name, command]) => ({word: name, does: `alias of ${command} in your kuberc`}));
}
