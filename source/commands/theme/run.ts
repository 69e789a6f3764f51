/** `spoke theme`. */
import {formatProblem} from '../../base/errors/spoke-error.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {formatTheme, loadThemes} from '../../session/themes/load-themes.ts';
import {shippedThemeNames} from '../../session/themes/theme-roles.ts';
import type {Command} from '../command.ts';
import {themeSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof themeSpec.flags> = {
	spec: themeSpec,
	async run({flags, positionals, stdout, stderr, env}) {
		const [wanted = 'dark', ...surplus] = positionals;
		assertUsage(surplus.length === 0, `expected one theme, got ${positionals.length}`);
		const {shipped, own, problems} = await loadThemes(env, wanted);
		const base = own?.extends ?? shippedThemeNames.find(name => name === wanted);
		assertUsage(base !== undefined, 'auto chooses a theme at the start of the session', `name one: ${shippedThemeNames.join(', ')}`);
		if (!flags.check) {
			stdout.write(formatTheme(base, own?.colors ?? shipped[base]));
		} else if (problems.length === 0) {
			stdout.write(`theme ${own?.file ?? base}: no problems\n`);
		}

		for (const problem of problems) {
			stderr.write(`${sanitizeLine(formatProblem(problem))}\n`);
		}

		return flags.check && problems.length > 0 ? exitStatus.usage : exitStatus.ok;
	},
};
