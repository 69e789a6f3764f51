/** Commands, flags and formats that spoke does not have any more are refused as any that it never had. */
import test from 'ava';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {commandSpecs} from '../../../source/commands/command-specs.ts';

const removed: ReadonlyArray<readonly [command: string, ...argv: string[]]> = [
	['logs', '--template={{.Message}}'],
	['logs', '--output=template'],
	['verify'],
	['port-forward', '--tls'],
	['port-forward', '--linger'],
	['port-forward', '--each'],
	['port-forward', '--spread'],
	['port-forward', '--when-pod-goes=stop'],
	['audit', '--output=markdown'],
	['audit', '--output=prometheus'],
];

for (const [name, ...argv] of removed) {
	test(`there is no spoke ${[name, ...argv].join(' ')}`, t => {
		const spec = commandSpecs.find(one => one.name === name);
		if (argv.length === 0) {
			t.is(spec, undefined);
		} else {
			t.throws(() => parseCommandLine(spec!.flags, argv), {code: 'ERR_USAGE', message: /^(unknown flag|invalid argument)/});
		}
	});
}
