/** Help says what can be typed. */
import test from 'ava';
import {parseLine} from '../../source/command-line/parse-line.ts';
import {spelled} from '../../source/command-line/render-help.ts';
import {commandTable} from '../../source/commands/table.ts';

test('a default is shown as it would be given', t => {
	for (const {row} of commandTable) {
		for (const flag of row.flags) {
			const shown = / \((.*)\)$/.exec(spelled(flag))?.[1];
			if (shown !== undefined && flag.kind !== 'strings' && flag.kind !== 'texts') {
				t.is((parseLine([flag], [`--${flag.name}=${shown}`]).flags as Record<string, unknown>)[flag.name], flag.default, `spoke ${row.name} --${flag.name}`);
			}
		}
	}
});
