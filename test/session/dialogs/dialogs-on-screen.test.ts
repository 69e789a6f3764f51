/** Dialogs as they stand on the screen. */
import test from 'ava';
import {createElement as h} from 'react';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {
	equivalentCommand,
	type Dialog as DialogState,
	type FormDialog,
	type PickerDialog,
	type PromptDialog,
} from '../../../source/session/dialogs/dialog.ts';
import {Dialog} from '../../../source/session/dialogs/dialog.tsx';
import {Prompt} from '../../../source/session/dialogs/prompt.tsx';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {drawn, drawnBytes} from '../../support/drawn.ts';

const prompt: PromptDialog = {
	kind: 'prompt',
	lead: '/',
	purpose: 'filter',
	typed: {text: '', caret: 0},
	regex: false,
	canUseRegex: false,
	note: '',
	problem: null,
	history: [],
	historyAt: -1,
	candidates: [],
	accept: 'keep',
};

const picker: PickerDialog = {
	kind: 'picker',
	title: 'Commands',
	purpose: 'palette',
	lead: ':',
	typed: {text: '', caret: 0},
	from: 0,
	heads: [],
	items: [],
	index: 0,
	notes: [],
	free: true,
	none: null,
	keys: 'run',
	toggles: false,
};

const port = {name: 'port', label: 'Port', value: '80'};

const form: FormDialog = {kind: 'form', title: 'Forward', fields: [port], at: 0, problem: null, notes: [], submit: 'start'};

function screenOf(
	dialog: DialogState,
	{columns = 80, rows = 24, hints = []}: {columns?: number; rows?: number; hints?: Hints} = {},
): ScreenInput {
	const state = {...emptySession(clusterState(null), {columns, rows}, 0), dialog};
	return {state, theme: plainTheme, keymap: new Map(), hints};
}

type Hints = ScreenInput['hints'];

function hintsOf(...keys: ReadonlyArray<readonly [id: string, key: string]>): Hints {
	return keys.map(([id, key]) => ({action: {id}, keys: [key]})) as unknown as Hints;
}

async function shown(dialog: DialogState, options?: Parameters<typeof screenOf>[1]): Promise<string[]> {
	const content = dialog.kind === 'prompt' ? h(Prompt, {prompt: dialog}) : h(Dialog);
	return drawn(screenOf(dialog, options), content);
}

/** What stands in the frame. */
const inside = (rows: readonly string[]) => rows.map(row => row.replaceAll(/^ *\| *| *\|$/g, ''));

test('the question of a confirmation has the danger role', t => {
	const screen = screenOf({kind: 'confirm', question: 'Send DELETE to svc/web?', details: ['It goes.'], leaves: false});
	const theme = {...plainTheme, sgr: {...plainTheme.sgr, danger: '91', 'text.dim': '90'}};
	const bytes = drawnBytes({...screen, theme}, h(Dialog));
	t.regex(bytes, /\u001B\[0;91mSend DELETE to svc\/web\?/);
	t.regex(bytes, /\u001B\[0;90mIt goes\./);
});

test('a dialog is in the middle of the screen, and higher on a low one', async t => {
	const confirm: DialogState = {kind: 'confirm', question: 'Really?', details: [], leaves: false};
	const rows = await shown(confirm, {columns: 100});
	t.is(
		rows.findIndex(row => row.includes('Confirm')),
		4,
	);
	t.regex(rows[4]!, /^ {5}\+- Confirm -+\+$/);
	t.is(rows[4]!.length, 95);
	t.is(
		(await shown(confirm, {rows: 8})).findIndex(row => row.includes('Confirm')),
		2,
	);
});

test('a long question is wrapped at words, without an indent', async t => {
	const question = 'word '.repeat(40).trim();
	const rows = inside(await shown({kind: 'confirm', question, details: [], leaves: false}));
	const text = rows.filter(row => row.startsWith('word'));
	t.true(text.length > 2);
	t.is(text.join(' '), question);
});

test('a failure card shows the whole sentence, and its keys', async t => {
	const message = 'the apiserver sends node traffic through Konnectivity, and no agent is connected to its server now';
	const card: DialogState = {
		kind: 'card',
		title: 'shell failed',
		parts: [
			{role: 'where', text: 'Leg 2 failed'},
			{role: 'message', text: message},
			{role: 'fix', text: 'check the agents'},
		],
	};
	const rows = await shown(card, {hints: hintsOf(['doctor', 'd'], ['retry', 'r'], ['copy', 'y'], ['cancel', 'Esc'])});
	t.true(inside(rows).join(' ').replaceAll(/ +/g, ' ').includes(`Leg 2 failed ${message} fix: check the agents`));
	t.regex(rows.join('\n'), /d doctor . r retry . y copy . Esc close/);
});

test('a problem that equals the note is shown once', async t => {
	const typed = {text: '-l app in (web', caret: 14};
	const rows = await shown({...prompt, typed, note: 'no label selector', problem: 'no label selector'}, {columns: 120});
	t.is(rows.join('').split('no label selector').length - 1, 1);
});

test('an unknown command is reported while it is typed', async t => {
	const box = async (from: number, none: string | null) =>
		(await shown({...picker, typed: {text: 'events -A', caret: 9}, from, none})).join('\n');
	t.regex(await box(0, 'no command is called'), /no command is called events +\|/);
	t.regex(await box(7, 'no command is called'), /events -A as typed/);
	t.regex(await box(0, null), /events -A as typed/);
});

test('the end of the input stays visible in every dialog', async t => {
	const text = `registry.example.com/${'team/'.repeat(20)}debug:1.2-x`;
	const typed = (caret: number) => ({text, caret});
	const get = {...prompt, lead: 'GET '};
	for (const dialog of [
		{...get, typed: typed(text.length)},
		{...get, typed: typed(text.length), problem: 'no such service'},
		{...picker, typed: typed(text.length)},
		{...form, fields: [{...port, value: text}]},
	]) {
		const rows = await shown(dialog);
		t.true(
			rows.some(row => /\$.*debug:1\.2-x_/.test(row)),
			rows.join('\n'),
		);
	}

	t.regex((await shown({...get, typed: typed(0)}))[0]!, /GET _registry\.example/);
	t.regex((await shown({...get, typed: typed(60)}))[0]!, /GET \$.*team_\/team.*\$$/);
});

test('a long command breaks between shell words, never within quotes', async t => {
	const quoted = "'one two three four five six seven'";
	const rows = inside(await shown({...form, notes: [`  spoke port-forward -n shop ${quoted} 8080:80`]}, {columns: 60}));
	t.deepEqual(
		rows.filter(text => /spoke|one|8080/.test(text)),
		['spoke port-forward -n shop \\', `${quoted} 8080:80`],
	);
});

test('a long word of a command is shown completely', async t => {
	const path = `/home/${'somebody/'.repeat(12)}config`;
	const rows = inside(await shown({...form, notes: [`  spoke proxy --kubeconfig ${path} --port 0`]}, {columns: 60}));
	t.true(rows.join('').includes(path));
});

test('a box on a narrow screen keeps its corners, with any title and keys', async t => {
	const hints = hintsOf(
		['accept', 'Enter'],
		['move.down', 'Tab'],
		['cancel', 'Esc'],
		['move.up', '↑'],
		['move.down', '↓'],
		['accept', 'Enter'],
		['complete', 'Tab'],
		['cancel', 'Esc'],
	);
	for (const [dialog, keys] of [
		[{...form, title: 'Forward from pod/web-67cbd55664-cjgmz', fields: [{...port, note: 'x'.repeat(60)}]}, /Enter start .* Esc back/],
		[{...picker, title: 'Containers of pod/web-67cbd55664-cjgmz'}, /Enter run .* Esc back/],
	] as const) {
		const rows = (await shown(dialog, {columns: 40, rows: 12, hints})).filter(row => row !== '');
		t.deepEqual(
			rows.filter(row => !/^ {2}[+|].{34}[+|]$/.test(row)),
			[],
		);
		t.regex(rows[0]!, /(?:Forward from|Containers of) pod/);
		t.regex(rows.at(-1)!, keys);
	}
});

test('a dialog that is too high keeps its frame and its keys', async t => {
	const hints = hintsOf(['accept', 'Enter'], ['cancel', 'Esc']);
	const fields = Array.from({length: 20}, (_, index) => ({...port, name: `port ${index}`, label: `Port ${index}`}));
	const rows = await shown({...form, fields}, {rows: 10, hints});
	t.is(rows.length, 9);
	t.regex(rows[1]!, /\+- Forward -+\+/);
	t.deepEqual(
		inside(rows.slice(2, 8)).map(row => row.replace(/^> /, '').slice(0, 6)),
		Array.from({length: 6}, (_, index) => `Port ${index}`),
	);
	t.regex(rows[8]!, /\+-+ Enter start | Esc back -\+/);
});

test('a picker shows the heading above its item, and no heading in a filtered list', async t => {
	const items = Array.from({length: 12}, (_, index) => ({
		id: `i${index}`,
		cells: [`item ${index}`],
		...(index === 6 && {heading: 'Actions'}),
	}));
	const list = async (index: number, text = '') =>
		inside(await shown({...picker, items, index, typed: {text, caret: text.length}}, {rows: 16}))
			.filter(row => row !== '')
			.slice(2, -1);
	t.deepEqual(await list(0), ['> item 0', 'item 1', 'item 2', 'item 3', 'item 4', 'item 5', '6 more']);
	t.deepEqual(await list(6), ['item 4', 'item 5', 'Actions', '> item 6', 'item 7', 'item 8', '4 above | 3 below']);
	t.deepEqual(await list(11), ['item 6', 'item 7', 'item 8', 'item 9', 'item 10', '> item 11', '6 above']);
	t.false((await list(0, 'item')).includes('Actions'));
});

test('the selected row of a dialog has its ground from edge to edge', t => {
	const theme = {...plainTheme, sgr: {...plainTheme.sgr, selection: '7'}};
	const items = [{id: 'a', cells: ['first']}];
	const bytes = drawnBytes({...screenOf({...picker, items}), theme}, h(Dialog));
	t.regex(bytes, /\u001B\[0;7m > first {66}\u001B\[m\|/);
});

test('a form with an equivalent command offers to copy it as one line', async t => {
	const hints = hintsOf(['accept', 'Enter'], ['copy', '^y'], ['cancel', 'Esc']);
	const command = `spoke port-forward -n shop pod/web 8080:80 --kubeconfig /${'a/'.repeat(60)}config`;
	const bottom = async (notes: readonly string[]) => (await shown({...form, notes}, {hints})).at(-1)!;
	t.regex(await bottom(['Equivalent command:', `  ${command}`]), /Enter start .*\^y copy command .*Esc back/);
	t.notRegex(await bottom(['It stays.']), /copy command/);
	t.is(equivalentCommand({notes: ['Equivalent command:', `  ${command}`]}), command);
	t.is(equivalentCommand({notes: ['It stays.']}), null);
});
