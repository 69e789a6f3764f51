/** Wrapped and cut texts. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type Layer} from '../../../source/session/frame/session-state.ts';
import {wrappingOf} from '../../../source/session/kit/text-wrapping.ts';

const text: Layer = {
	kind: 'text',
	title: 'YAML',
	subject: 'pod/web',
	status: '',
	lines: [],
	top: 3,
	keyContext: 'yaml',
	copy: '',
	command: null,
	busy: false,
};
const wrap: SessionEvent = {type: 'wrap'};
const move = (left: number): SessionEvent => ({type: 'layer', to: {left}});
const push = (layer: Layer): SessionEvent => ({type: 'push', layer});

for (const [what, events, isCut, left] of [
	['a text is wrapped when it is opened', [push(text)], false, 0],
	['wrap cuts what is wrapped', [push(text), wrap], true, 0],
	['wrap twice is as before', [push(text), wrap, wrap], false, 0],
	['what is moved sideways is cut meanwhile', [push(text), move(20)], true, 20],
	['moved back it is wrapped again', [push(text), move(20), move(0)], false, 0],
	['wrap wraps what is moved, from its beginning', [push(text), move(20), wrap], false, 0],
	['wrap wraps what is cut and moved', [push(text), wrap, move(20), wrap], false, 0],
	['a text that is opened later is cut as the one before', [push(text), wrap, {type: 'pop'}, push({...text, title: 'Details'})], true, 0],
	['and so is a why', [push(text), wrap, push({kind: 'why', about: 'pod/web', path: null, error: null, entry: null, top: 0})], true, 0],
	['how far it is moved is each one’s own', [push(text), wrap, move(40), push({kind: 'messages', top: 0})], true, 0],
	[
		'on the way back from it the text is where it was',
		[push(text), wrap, move(40), push({kind: 'messages', top: 0}), {type: 'pop'}],
		true,
		40,
	],
] as ReadonlyArray<readonly [string, readonly SessionEvent[], boolean, number]>) {
	test(what, t => {
		let state = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
		for (const event of events) {
			state = reduceSession(state, event);
		}

		t.deepEqual(wrappingOf(state, state.layers.at(-1)), {isCut, left});
	});
}
