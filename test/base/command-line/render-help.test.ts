/** Help texts. */
import test from 'ava';
import {isConnectionFlag} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {formatFlag, renderCommandHelp, renderConnectionHelp, renderProgramHelp} from '../../../source/base/command-line/render-help.ts';
import {commandGroups, commandSpecs} from '../../../source/commands/command-specs.ts';
import {commandNames} from '../../../source/commands/load-command.ts';

test('a default is shown in the flag’s syntax', t => {
	for (const spec of commandSpecs) {
		for (const flag of spec.flags) {
			const shown = / \((.*)\)$/.exec(formatFlag(flag))?.[1];
			if (shown !== undefined && flag.kind !== 'strings' && flag.kind !== 'texts') {
				t.is(
					(parseCommandLine([flag], [`--${flag.name}=${shown}`]).flags as Record<string, unknown>)[flag.name],
					flag.default,
					`spoke ${spec.name} --${flag.name}`,
				);
			}
		}
	}
});

test('each command is in one group of the help', t => {
	t.deepEqual(commandSpecs.map(({name}) => name).toSorted(), commandNames.toSorted());
});

const texts = (width: number) => {
	const form = {width, toCharset: (text: string) => text};
	return [
		renderProgramHelp(commandGroups, form),
		renderConnectionHelp(form),
		...commandSpecs.flatMap(spec => [renderCommandHelp(spec, false, form), renderCommandHelp(spec, true, form)]),
	];
};

for (const width of [80, 100, 160]) {
	test(`help fits ${width} columns`, t => {
		for (const text of texts(width)) {
			t.deepEqual(
				text.split('\n').filter(line => line.length > width),
				[],
			);
		}
	});
}

test('wrapping help keeps all words', t => {
	const words = (text: string) =>
		text
			.split(/\s+/)
			.filter(word => word !== '\\')
			.join(' ');
	t.deepEqual(
		texts(80).map(text => words(text)),
		texts(10_000).map(text => words(text)),
	);
});

test('the help of each command fits 60 lines of 80 columns', t => {
	for (const spec of commandSpecs) {
		const lines = renderCommandHelp(spec, false, {width: 80, toCharset: text => text})
			.trimEnd()
			.split('\n');
		t.true(lines.length <= 60, `spoke ${spec.name} --help: ${lines.length} lines`);
	}
});

test('the whole help of a command has the words of all its flags', t => {
	for (const spec of commandSpecs) {
		const text = renderCommandHelp(spec, true, {width: 10_000, toCharset: text => text});
		for (const flag of spec.flags) {
			t.is(text.includes(flag.help), !flag.hidden && !isConnectionFlag(flag), `spoke ${spec.name} --${flag.name}`);
		}
	}
});

test('help keeps a flag and its value on one line', t => {
	for (const spec of commandSpecs) {
		const withValue = new Set<string>(spec.flags.flatMap(flag => (flag.kind === 'boolean' ? [] : [`--${flag.name}`, `-${flag.short}`])));
		for (const width of [60, 70, 80, 100]) {
			t.deepEqual(
				renderCommandHelp(spec, true, {width, toCharset: text => text})
					.split('\n')
					.filter(line => withValue.has(line.trimEnd().replace(/ \\$/, '').split(' ').at(-1)!)),
				[],
				`spoke ${spec.name}, ${width} columns`,
			);
		}
	}
});
