/** A session with a screen reader. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';
import {untilStable} from '../../support/until.ts';

test('a screen reader gets sentences, no picture, and nothing that ticks', async t => {
	const {terminal} = await onSandbox(t, [], {env: {INK_SCREEN_READER: 'true'}});
	await terminal.sees(/tab: Pods/);
	// By name, without the crashing pod first.
	terminal.press('list.reverse', 'list.reverse');
	await terminal.sees(/1 of 8: api-\S+, 1 of 1 ready, running, node n\d/);
	await terminal.sees(/Leg 2, apiserver to kubelet n\d: unverified, proven; directly, inferred\./);
	t.is(terminal.buffer(), 'normal');
	t.notRegex(terminal.raw(), /[━►▸─│]/);
	await untilStable(() => terminal.raw().length, 2500);
	terminal.press('move.down');
	await terminal.sees(/2 of 8: api-/);
	terminal.press('help.open');
	await terminal.sees(/Help: pods, \d+ below\s+CURRENT VIEW\s+l follow logs\s+s shell\s/);
	terminal.press('move.page-down');
	await terminal.sees(/Help: pods, 3 above\D+\d+ below\s+a attach\s+f forward a port\s/);
	terminal.press('move.end');
	await terminal.sees(/keymap\.yaml sets them/);
});

test('a screen reader gets each view without drawn lines', async t => {
	const {terminal} = await onSandbox(t, [], {env: {INK_SCREEN_READER: 'true'}});
	await terminal.sees(/tab: Pods/);
	terminal.press('list.reverse', 'list.reverse');
	await terminal.sees(/1 of 8: api-/);
	for (const [action, pattern] of [
		['view.workloads', /tab: Workloads[\s\S]*1 of \d+: \S+\/\S+, /],
		['view.services', /tab: Services[\s\S]*1 of \d+: \S+, type ClusterIP, /],
		['view.nodes', /tab: Nodes[\s\S]*1 of \d+: cp, ready/],
		['view.forwards', /tab: Forwards\s+No forwards\./],
		['view.proxy', /tab: Proxy\s+No requests yet\./],
		['view.audit', /tab: Audit[\s\S]*1 of \d+: logs, fail, /],
		['view.sandbox', /tab: Sandbox\s+Events/],
	] as const) {
		terminal.press(action);
		await terminal.sees(pattern);
	}

	t.notRegex(terminal.raw(), /[━►▸─│●✗]/);
});
