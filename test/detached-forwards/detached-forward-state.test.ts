import {hostname} from 'node:os';
import test from 'ava';
import {forwardsDirectory} from '../../source/detached-forwards/detached-forward-state.ts';

test('each host has its own directory of forwards, so none ends those of another', t => {
	t.is(forwardsDirectory.name, `forwards-${hostname()}`);
});
