/** Lookup: matched, pending, none; contexts, sequences and unbinding. */
import test from 'ava';
import {contextStack} from '../../source/keymap/contexts.ts';
import {describeKeys, footerHints} from '../../source/keymap/describe-keys.ts';
import {loadKeymap} from '../../source/keymap/load-keymap.ts';
import {mergeKeymaps} from '../../source/keymap/merge-keymaps.ts';
import {parseKeymap} from '../../source/keymap/parse-keymap.ts';
import {resolveKey} from '../../source/keymap/resolve-key.ts';

const {keymap} = await loadKeymap({});
const vim = (await loadKeymap({}, 'vim')).keymap;

test('a key of the context, of its parent, and of the root is found', t => {
	t.deepEqual(resolveKey(keymap, 'pods', [], 'l'), {kind: 'matched', action: 'pods.logs'});
	t.deepEqual(resolveKey(keymap, 'pods', [], 'j'), {kind: 'matched', action: 'list.down'});
	t.deepEqual(resolveKey(keymap, 'pods', [], '?'), {kind: 'matched', action: 'help.open'});
	t.deepEqual(resolveKey(keymap, 'pods', [], 'X'), {kind: 'none'});
});

test('an opaque context inherits nothing', t => {
	t.deepEqual(contextStack('prompt'), ['prompt']);
	t.deepEqual(resolveKey(keymap, 'prompt', [], '?'), {kind: 'none'});
	t.deepEqual(resolveKey(keymap, 'terminal', [], 'ctrl+c'), {kind: 'none'});
});

test('a sequence is pending, says what may follow, and then matches or is dropped', t => {
	const pending = resolveKey(vim, 'pods', [], 'g');
	t.is(pending.kind, 'pending');
	t.deepEqual(pending.kind === 'pending' && pending.next.map(({keys, action}) => [keys.join(' '), action]), [
		['y', 'list.yaml'],
		['g', 'list.top'],
		['?', 'help.open'],
	]);
	t.deepEqual(resolveKey(vim, 'pods', ['g'], 'g'), {kind: 'matched', action: 'list.top'});
	t.deepEqual(resolveKey(vim, 'pods', ['g'], '?'), {kind: 'matched', action: 'help.open'});
	t.deepEqual(resolveKey(vim, 'pods', ['g'], 'x'), {kind: 'none'});
});

test('YAML has a key that copying the name does not have: Y, after g in vim, and the y of k9s', async t => {
	const keymaps = {default: keymap, vim, k9s: (await loadKeymap({}, 'k9s')).keymap};
	const first = (action: string) =>
		Object.values(keymaps).map(one => describeKeys(one, 'pods').find(hint => hint.action.id === action)?.keys[0]);
	t.deepEqual(first('list.yaml'), ['Y', 'g y', 'y']);
	t.deepEqual(first('list.copy-name'), ['y', 'y y', 'c']);
});

test('an inner context moves or unbinds an outer action for itself only', t => {
	const base = parseKeymap('a', 'contexts: {global: {path.why: w}, tail: {tail.wrap: W}, list: {list.down: j}}');
	const merged = mergeKeymaps([base, parseKeymap('b', 'contexts: {tail: {path.why: W, tail.wrap: w}, pods: {path.why: []}}')]).keymap;
	t.deepEqual(resolveKey(merged, 'tail', [], 'w'), {kind: 'matched', action: 'tail.wrap'});
	t.deepEqual(resolveKey(merged, 'tail', [], 'W'), {kind: 'matched', action: 'path.why'});
	t.deepEqual(resolveKey(merged, 'pods', [], 'w'), {kind: 'none'});
	t.deepEqual(resolveKey(merged, 'nodes', [], 'w'), {kind: 'matched', action: 'path.why'});
});

test('the footer of pods reads as drawn, and names the first key of each', t => {
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

test('an action that is off says why, in every reading', t => {
	const hints = describeKeys(keymap, 'pods', action => (action.access === 'shell' ? 'read-only' : null));
	t.is(hints.find(({action}) => action.id === 'pods.shell')?.off, 'read-only');
	t.is(hints.find(({action}) => action.id === 'pods.logs')?.off, null);
	t.true(footerHints(hints).find(({id}) => id === 'pods.shell')?.off);
});
