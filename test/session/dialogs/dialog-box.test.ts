/** Drawn dialogs. */
import test from 'ava';
import {equivalentCommand, type FormDialog, type Dialog, type PromptDialog} from '../../../source/session/dialogs/dialog.ts';
import type {SessionState} from '../../../source/session/frame/session-state.ts';
import {dialogBox, promptLine} from '../../../source/session/dialogs/dialog-box.ts';
import type {RenderInput} from '../../../source/session/kit/render-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';

test('the question of a confirmation has the danger role', t => {
	const screen = {state: {size: {columns: 80, rows: 24}} as SessionState, theme: plainTheme, keymap: new Map(), hints: [], tail: null};
	const box = dialogBox(screen, {kind: 'confirm', question: 'Send DELETE to svc/web?', details: ['It goes.'], leaves: false});
	const roleOf = (words: string) => box?.lines.flatMap(({spans}) => spans).find(({text}) => text.includes(words))?.role;
	t.is(roleOf('DELETE'), 'danger');
	t.is(roleOf('It goes'), 'text.dim');
});

test('a problem that equals the note is shown once', t => {
	const prompt: PromptDialog = {
		kind: 'prompt',
		lead: '/',
		purpose: 'filter',
		typed: {text: '-l app in (web', caret: 14},
		regex: false,
		canUseRegex: false,
		note: 'no label selector',
		problem: 'no label selector',
		history: [],
		historyAt: -1,
		candidates: [],
		accept: 'keep',
	};
	const screen = {
		theme: plainTheme,
		state: {size: {columns: 120, rows: 24}, overlay: prompt},
		hints: [],
		keymap: new Map(),
	} as unknown as RenderInput;
	t.is(
		promptLine(screen, prompt)
			.spans.map(({text}) => text)
			.join('')
			.split('no label selector').length - 1,
		1,
	);
});

test('an unknown command is reported while it is typed', t => {
	const screen = {theme: plainTheme, state: {size: {columns: 80, rows: 24}}, hints: [], keymap: new Map()} as unknown as RenderInput;
	const box = (from: number, none: string | null) =>
		dialogBox(screen, {
			kind: 'picker',
			title: 'Commands',
			purpose: 'palette',
			lead: ':',
			typed: {text: 'events -A', caret: 9},
			from,
			heads: [],
			items: [],
			index: 0,
			notes: [],
			free: true,
			none,
			keys: 'run',
		})
			?.lines.map(({spans}) => spans.map(({text}) => text).join(''))
			.join('\n') ?? '';
	t.regex(box(0, 'no command is called'), /no command is called events +\|/);
	t.regex(box(7, 'no command is called'), /events -A as typed/);
	t.regex(box(0, null), /events -A as typed/);
});

test('the end of the input stays visible in every dialog', t => {
	const text = `registry.example.com/${'team/'.repeat(20)}debug:1.2-x`;
	const screen = {theme: plainTheme, state: {size: {columns: 80, rows: 24}}, hints: [], keymap: new Map()} as unknown as RenderInput;
	const shown = (lines: ReadonlyArray<{spans: ReadonlyArray<{text: string}>}>) =>
		lines.map(({spans}) => spans.map(({text}) => text).join(''));
	const typed = (caret: number) => ({text, caret});
	const prompt = (caret: number, problem: string | null): PromptDialog => ({
		kind: 'prompt',
		lead: 'GET ',
		purpose: 'proxy',
		typed: typed(caret),
		regex: false,
		canUseRegex: false,
		note: '',
		problem,
		history: [],
		historyAt: -1,
		candidates: [],
		accept: 'send',
	});
	const picker = dialogBox(screen, {
		kind: 'picker',
		title: 'Commands',
		purpose: 'palette',
		lead: ':',
		typed: typed(text.length),
		from: 0,
		heads: [],
		items: [],
		index: 0,
		notes: [],
		free: true,
		none: null,
		keys: 'run',
	});
	const form = dialogBox(screen, {
		kind: 'form',
		title: 'Debug container',
		purpose: 'debug',
		fields: [{id: 'image', label: 'Image', value: text, note: '', choices: null}],
		at: 0,
		problem: null,
		notes: [],
		submit: 'add',
	} as unknown as Dialog);
	for (const line of [
		shown([promptLine(screen, prompt(text.length, null))])[0]!,
		shown([promptLine(screen, prompt(text.length, 'no such service'))])[0]!,
		shown(picker!.lines)[1]!,
		shown(form!.lines)[2]!,
	]) {
		t.regex(line, /….*debug:1\.2-x_/);
		t.true(line.length <= 80, line);
	}

	t.regex(shown([promptLine(screen, prompt(0, null))])[0]!, /GET _registry\.example/);
	t.regex(shown([promptLine(screen, prompt(60, null))])[0]!, /GET ….*team_\/team.*…$/);
});

test('a long command breaks between shell words, never within quotes', t => {
	const screen = {
		state: {size: {columns: 60, rows: 24}} as SessionState,
		theme: plainTheme,
		keymap: new Map(),
		hints: [],
		tail: null,
	} as unknown as RenderInput;
	const quoted = "'one two three four five six seven'";
	const box = dialogBox(screen, {
		kind: 'form',
		title: 'Forward',
		purpose: 'forward',
		fields: [],
		at: 0,
		problem: null,
		notes: [`  spoke port-forward -n shop ${quoted} 8080:80`],
		submit: 'start',
	} as unknown as Dialog);
	const lines = box!.lines.map(({spans}) =>
		spans
			.map(({text}) => text)
			.join('')
			.replaceAll('|', '')
			.trim(),
	);
	t.deepEqual(
		lines.filter(text => /spoke|one|8080/.test(text)),
		['spoke port-forward -n shop \\', `${quoted} 8080:80`],
	);
});

test('a long word of a command is shown completely', t => {
	const screen = {
		state: {size: {columns: 60, rows: 24}} as SessionState,
		theme: plainTheme,
		keymap: new Map(),
		hints: [],
		tail: null,
	} as unknown as RenderInput;
	const path = `/home/${'somebody/'.repeat(12)}config`;
	const box = dialogBox(screen, {
		kind: 'form',
		title: 'Forward',
		purpose: 'forward',
		fields: [],
		at: 0,
		problem: null,
		notes: [`  spoke proxy --kubeconfig ${path} --port 0`],
		submit: 'start',
	} as unknown as Dialog);
	t.true(
		box!.lines
			.map(({spans}) =>
				spans
					.map(({text}) => text)
					.join('')
					.replaceAll('|', '')
					.trim(),
			)
			.join('')
			.includes(path),
	);
});

test('a box on a narrow screen keeps its corners, with any title and keys', t => {
	const hint = (id: string, key: string) => ({action: {id}, keys: [key]});
	const hints = [
		hint('form.submit', 'Enter'),
		hint('form.next', 'Tab'),
		hint('form.cancel', 'Esc'),
		hint('picker.up', '↑'),
		hint('picker.down', '↓'),
		hint('picker.accept', 'Enter'),
		hint('picker.complete', 'Tab'),
		hint('picker.cancel', 'Esc'),
	];
	const screen = {theme: plainTheme, state: {size: {columns: 40, rows: 12}}, hints, keymap: new Map()} as unknown as RenderInput;
	const form = {
		kind: 'form',
		title: 'Forward from pod/web-67cbd55664-cjgmz',
		purpose: 'forward',
		fields: [{id: 'port', label: 'Port', value: '80', note: 'x'.repeat(60), choices: null}],
		at: 0,
		problem: null,
		notes: [],
		submit: 'start',
	} as unknown as Dialog;
	const picker = {
		kind: 'picker',
		title: 'Containers of pod/web-67cbd55664-cjgmz',
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
	} as unknown as Dialog;
	for (const [overlay, keys] of [
		[form, /Enter start .* Esc back/],
		[picker, /Enter run .* Esc back/],
	] as const) {
		const box = dialogBox(screen, overlay)!;
		const rows = box.lines.map(({spans}) => spans.map(({text}) => text).join(''));
		t.deepEqual(
			rows.filter(row => row.length !== box.width),
			[],
		);
		t.regex(rows[0]!, /(?:Forward from|Containers of) pod/);
		t.regex(rows.at(-1)!, keys);
	}
});

test('a picker shows the heading above its item, and no heading in a filtered list', t => {
	const screen = {theme: plainTheme, state: {size: {columns: 80, rows: 16}}, hints: [], keymap: new Map()} as unknown as RenderInput;
	const items = Array.from({length: 12}, (_, index) => ({
		id: `i${index}`,
		cells: [`item ${index}`],
		...(index === 6 && {heading: 'Actions'}),
	}));
	const shown = (index: number, text = '') =>
		dialogBox(screen, {
			kind: 'picker',
			title: 'Commands',
			purpose: 'palette',
			lead: ':',
			typed: {text, caret: text.length},
			from: 0,
			heads: [],
			items,
			index,
			notes: [],
			free: true,
			none: null,
			keys: 'run',
		})!
			.lines.slice(2, -2)
			.map(({spans}) =>
				spans
					.map(({text: of}) => of)
					.join('')
					.replaceAll('|', '')
					.trim(),
			);
	t.deepEqual(shown(0), ['> item 0', 'item 1', 'item 2', 'item 3', 'item 4', 'item 5', '6 more']);
	t.deepEqual(shown(6), ['item 4', 'item 5', 'Actions', '> item 6', 'item 7', 'item 8', '4 above · 3 below']);
	t.deepEqual(shown(11), ['item 6', 'item 7', 'item 8', 'item 9', 'item 10', '> item 11', '6 above']);
	t.false(shown(0, 'item').includes('Actions'));
});

test('a form with an equivalent command offers to copy it as one line', t => {
	const hints = [
		['form.submit', 'Enter'],
		['form.copy-script', '^y'],
		['form.cancel', 'Esc'],
	].map(([id, key]) => ({action: {id}, keys: [key], context: 'form', off: null}));
	const screen = {theme: plainTheme, state: {size: {columns: 80, rows: 24}}, hints, keymap: new Map()} as unknown as RenderInput;
	const command = `spoke port-forward -n shop pod/web 8080:80 --kubeconfig /${'a/'.repeat(60)}config`;
	const form = (notes: readonly string[]) =>
		({
			kind: 'form',
			title: 'Forward',
			purpose: 'forward',
			fields: [{id: 'port', label: 'Port', value: '80', note: '', choices: null}],
			at: 0,
			problem: null,
			notes,
			submit: 'start',
		}) as unknown as FormDialog;
	const bottom = (notes: readonly string[]) =>
		dialogBox(screen, form(notes))!
			.lines.at(-1)!
			.spans.map(({text}) => text)
			.join('');
	t.regex(bottom(['Equivalent command:', `  ${command}`]), /Enter start .*\^y copy command .*Esc back/);
	t.notRegex(bottom(['It stays.']), /copy command/);
	t.is(equivalentCommand(form(['Equivalent command:', `  ${command}`])), command);
	t.is(equivalentCommand(form(['It stays.'])), null);
});
