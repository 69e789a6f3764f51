/** `spoke completion`: prints shell scripts, and the completions that they request. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {Command} from '../command.ts';
import {completeFromCluster} from './complete-from-cluster.ts';
import {completeLine, type CompletionItem} from './complete-line.ts';
import {completionScripts} from './scripts.ts';
import {readAliases} from '../kuberc/apply-kuberc.ts';
import {completionSpec} from './spec.ts';
import {commandTable} from '../command-table.ts';

export const command: Command<typeof completionSpec.flags> = {
	spec: completionSpec,
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
				what === '' ? 'a shell is required' : `no completion for ${JSON.stringify(positionals.join(' '))}`,
				{remedy: `spoke completion ${Object.keys(completionScripts).join('|')}`},
			);
		}

		stdout.write(script);
		return exitStatus.ok;
	},
};

function offerLine({word, description}: CompletionItem): string {
	return `${sanitizeLine(word)}\t${sanitizeLine(description)}\n`;
}

/**
Tells kubectl's shell scripts to offer files if there are no completions, and to add no space after an incomplete word.
@see https://github.com/spf13/cobra/blob/v1.10.0/completions.go ShellCompDirective
*/
function directiveFor(offers: readonly CompletionItem[]): number {
	const [noSpace, noFiles] = [2, 4];
	return offers.length === 0 ? 0 : noFiles + (offers.every(({word}) => /[/:=]$/.test(word)) ? noSpace : 0);
}

async function wordsFor(typed: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly CompletionItem[]> {
	const rows = commandTable.map(({spec: row}) => row);
	const aliases = await readAliases(env);
	const at = typed.findIndex((word, index) => index < typed.length - 1 && (aliases.has(word) || rows.some(({name}) => name === word)));
	const words = typed.with(Math.max(at, 0), aliases.get(typed[at] ?? '') ?? typed[Math.max(at, 0)] ?? '');
	const {offers, clusterCompletion, command: row, rest} = completeLine(rows, words);
	if (clusterCompletion === null) {
		const last = typed.at(-1) ?? '';
		const isCommand = at < 0 && !last.startsWith('-') && offers.every(({word}) => rows.some(({name}) => name === word));
		return isCommand ? [...offers, ...aliasOffers(aliases, last)] : offers;
	}

	// An error message would disturb the line that is being typed.
	return completeFromCluster(clusterCompletion, rest, row?.flags ?? [], env).catch(() => []);
}

function aliasOffers(aliases: ReadonlyMap<string, string>, prefix: string): readonly CompletionItem[] {
	return [...aliases]
		.filter(([name]) => name.startsWith(prefix))
		.map(([name, command]) => ({word: name, description: `alias of ${command} in your kuberc`}));
}
