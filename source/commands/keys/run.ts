/** `spoke keys`. */
import {formatProblem} from '../../base/errors/spoke-error.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {loadKeymap} from '../../session/keymap/load-keymap.ts';
import {keyTable, type KeyTableRow} from '../../session/keymap/keymap.ts';
import {jsonLine, jsonObject} from '../../report/output/output-writer.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {Command} from '../command.ts';
import {keysSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof keysSpec.flags> = {
	spec: keysSpec,
	async run({flags, positionals, stdout, stderr, env}) {
		assertUsage(positionals.length <= 1, `expected one keymap file, got ${positionals.length}`);
		const loaded = await loadKeymap(env, positionals[0] ?? flags.keymap);
		const json = flags.output === 'json';
		if (json) {
			const {base, userFile, problems} = loaded;
			stdout.write(jsonLine(jsonObject('Keymap', {base, userFile, keys: keyTable(loaded.keymap), problems})));
		} else if (flags.check) {
			stdout.write(loaded.problems.length === 0 ? `keymap ${loaded.userFile ?? loaded.base}: no problems\n` : '');
		} else {
			stdout.write(asText(keyTable(loaded.keymap)));
		}

		if (!json || flags.check) {
			for (const problem of loaded.problems) {
				stderr.write(`${sanitizeLine(formatProblem(problem))}\n`);
			}
		}

		return flags.check && loaded.problems.length > 0 ? exitStatus.usage : exitStatus.ok;
	},
};

function asText(rows: readonly KeyTableRow[]): string {
	const widths = {keys: Math.max(...rows.map(row => row.keys.join(', ').length)), title: Math.max(...rows.map(row => row.title.length))};
	let context = '';
	return rows
		.map(row => {
			const head = row.context === context ? '' : `${context === '' ? '' : '\n'}${row.context}: ${row.contextTitle}\n`;
			context = row.context;
			return `${head}  ${(row.keys.join(', ') || '–').padEnd(widths.keys)}  ${row.title.padEnd(widths.title)}  ${row.action}\n`;
		})
		.join('');
}
