/** Help of `spoke demo`. */
import test from 'ava';
import {demoSpec} from '../../source/commands/demo/spec.ts';
import {scenarios} from '../../source/sandbox/scenarios.ts';

test('the help of demo describes every scenario', t => {
	const described = demoSpec.about.split('\n').flatMap(line => /^- ([\w-]+): .+\.$/.exec(line)?.[1] ?? []);
	t.deepEqual(described, Object.keys(scenarios));
});
