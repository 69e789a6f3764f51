/** Flags and formats that spoke does not have any more are refused as any that it never had. */
import test from 'ava';
import {parseCommandLine} from '../../source/command-line/parse-command-line.ts';
import {commandSpecs} from '../../source/commands/command-specs.ts';

const removed: ReadonlyArray<readonly [command: string, ...argv: string[]]> = [
	['logs', '--template={{.Message}}'],
	['logs', '--output=template'],
];

for (const [name, ...argv] of removed) {
	test(`spoke ${name} refuses ${argv.join(' ')}`, t => {
		const {flags} = commandSpecs.find(spec => spec.name === name)!;
		t.throws(() => parseCommandLine(flags, argv), {code: 'ERR_USAGE', message: /^(unknown flag|flag needs|invalid argument)/});
	});
}
