/** Key lookup. */
import test from 'ava';
import {contextStack} from '../../../source/session/actions/contexts.ts';
import {describeKeys, footerHints, resolveKey} from '../../../source/session/keymap/keymap.ts';
import {loadKeymap, mergeKeymaps} from '../../../source/session/keymap/load-keymap.ts';
import {parseKeymap} from '../../../source/session/keymap/parse-keymap.ts';

const {keymap} = await loadKeymap({});
const vim = (await loadKeymap({}, 'vim')).keymap;

test('a lookup finds keys of the context, its parent and the root', t => {
	t.deepEqual(resolveKey(keymap, 'pods', [], 'l'), {kind: 'matched', action: 'logs'});
	t.deepEqual(resolveKey(keymap, 'pods', [], 'j'), {kind: 'matched', action: 'move.down'});
	t.deepEqual(resolveKey(keymap, 'pods', [], '?'), {kind: 'matched', action: 'help.open'});
	t.deepEqual(resolveKey(keymap, 'pods', [], 'X'), {kind: 'none'});
});

test('an opaque context inherits nothing', t => {
	t.deepEqual(contextStack('prompt'), ['prompt']);
	t.deepEqual(resolveKey(keymap, 'prompt', [], '?'), {kind: 'none'});
	t.deepEqual(resolveKey(keymap, 'terminal', [], 'ctrl+c'), {kind: 'none'});
});

test('a sequence is pending and lists what can follow, then matches or resolves to none', t => {
	const pending = resolveKey(vim, 'pods', [], 'g');
	t.is(pending.kind, 'pending');
	t.deepEqual(pending.kind === 'pending' && pending.next.map(({keys, action}) => [keys.join(' '), action]), [
		['y', 'list.yaml'],
		['g', 'move.start'],
		['?', 'help.open'],
	]);
	t.deepEqual(resolveKey(vim, 'pods', ['g'], 'g'), {kind: 'matched', action: 'move.start'});
	t.deepEqual(resolveKey(vim, 'pods', ['g'], '?'), {kind: 'matched', action: 'help.open'});
	t.deepEqual(resolveKey(vim, 'pods', ['g'], 'x'), {kind: 'none'});
});

test('YAML and copy-name have different keys in every keymap', async t => {
	const keymaps = {default: keymap, vim, k9s: (await loadKeymap({}, 'k9s')).keymap};
	const first = (action: string) =>
		Object.values(keymaps).map(one => describeKeys(one, 'pods').find(hint => hint.action.id === action)?.keys[0]);
	t.deepEqual(first('list.yaml'), ['Y', 'g y', 'y']);
	t.deepEqual(first('copy'), ['y', 'y y', 'c']);
});

test('an inner context rebinds or unbinds an outer action only for itself', t => {
	const base = parseKeymap('a', 'contexts: {global: {why: w}, tail: {wrap: W}, list: {move.down: j}}');
	const merged = mergeKeymaps([base, parseKeymap('b', 'contexts: {tail: {why: W, wrap: w}, pods: {why: []}}')]).keymap;
	t.deepEqual(resolveKey(merged, 'tail', [], 'w'), {kind: 'matched', action: 'wrap'});
	t.deepEqual(resolveKey(merged, 'tail', [], 'W'), {kind: 'matched', action: 'why'});
	t.deepEqual(resolveKey(merged, 'pods', [], 'w'), {kind: 'none'});
	t.deepEqual(resolveKey(merged, 'nodes', [], 'w'), {kind: 'matched', action: 'why'});
});

test('the footer of pods shows the first key of each action', t => {
	const hints = footerHints(describeKeys(keymap, 'pods'));
	t.deepEqual(
		hints.slice(0, 5).map(({key, label}) => `${key} ${label}`),
		['l logs', 's shell', 'a attach', 'f forward', 'p proxy'],
	);
	t.deepEqual(
		hints.slice(-2).map(({key, label}) => `${key} ${label}`),
		[': more', '? help'],
	);
});

test('a disabled action has a reason and is marked in the footer', t => {
	const hints = describeKeys(keymap, 'pods', action => (action.access === 'shell' ? 'read-only' : null));
	t.is(hints.find(({action}) => action.id === 'shell')?.disabledReason, 'read-only');
	t.is(hints.find(({action}) => action.id === 'logs')?.disabledReason, null);
	t.true(footerHints(hints).find(({id}) => id === 'shell')?.isDisabled);
});

test('the hints of a context are the same array until a reason changes', t => {
	const reasonOf = (reason: string | null) => describeKeys(keymap, 'pods', ({id}) => (id === 'shell' ? reason : null));
	const before = reasonOf(null);
	t.is(reasonOf(null), before);
	t.is(reasonOf('not allowed').find(({action}) => action.id === 'shell')?.disabledReason, 'not allowed');
	t.is(reasonOf(null).find(({action}) => action.id === 'shell')?.disabledReason, null);
});
