/** Help of `spoke demo`. */
import test from 'ava';
import {demoSpec} from '../../source/commands/demo/spec.ts';
import {scenarios} from '../../source/sandbox/scenarios.ts';

test('the help of demo lists every scenario with its description', t => {
	const listed = demoSpec.about.split('\n').filter(line => line.startsWith('- '));
	t.deepEqual(
		listed,
		scenarios.map(({name, description}) => `- ${name}: ${description}.`),
	);
});
