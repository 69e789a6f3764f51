/** Theme files. */
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatSgr, isColor, roles, shippedThemeNames} from '../../../source/session/themes/theme-roles.ts';
import {formatTheme, loadThemes, ownThemeNames} from '../../../source/session/themes/load-themes.ts';
import {parseTheme} from '../../../source/session/themes/parse-theme.ts';
import {shippedThemes} from '../../../source/session/themes/shipped-themes.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {newHome} from '../../support/new-home.ts';
import {onSandbox} from '../../support/sandbox-session.ts';

async function homeWith(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<{home: string; env: NodeJS.ProcessEnv}> {
	const home = await newHome(t);
	const directory = join(home, '.config/spoke/themes');
	await mkdir(directory, {recursive: true});
	for (const [name, text] of Object.entries(files)) {
		await writeFile(join(directory, name), text);
	}

	return {home, env: {HOME: home}};
}

for (const [color, sgr, sgrOf256] of [
	['', '', ''],
	['bold', '1', '1'],
	['bold underline bright-magenta', '1;4;95', '1;4;95'],
	['red on bright-black', '31;100', '31;100'],
	['on #3a3a5a', '48;2;58;58;90', '48;5;238'],
	['#000000 on #ffd75f', '38;2;0;0;0;48;2;255;215;95', '38;5;16;48;5;221'],
] as const) {
	test(`"${color}" is a color`, t => {
		t.true(isColor(color));
		t.is(formatSgr(color, 'true'), sgr);
		t.is(formatSgr(color, '256'), sgrOf256);
	});
}

for (const color of ['orange', '#fff', 'red bold', 'on', ' red', 'red green', '31', '\u001B[31m']) {
	test(`${JSON.stringify(color)} is not a color`, t => {
		t.false(isColor(color));
	});
}

for (const name of shippedThemeNames) {
	test(`the shipped theme ${name} names every role and has no problem`, async t => {
		const {colors, problems} = (await shippedThemes())[name];
		t.deepEqual(problems, []);
		t.deepEqual(Object.keys(colors), [...roles]);
	});
}

for (const [title, text, problem] of [
	['a syntax error', 'colors: [', /^1:/],
	['an unknown setting', 'foreground: {}', /^1:1: unknown setting foreground/],
	['an unknown base', 'extends: solarized', /^1:10: unknown theme solarized/],
	['an unknown role', 'colors:\n  tls.verify: red', /^2:3: unknown role tls.verify \(did you mean tls.verified\?\)/],
	['an invalid color', 'colors:\n  key: orange', /^2:8: invalid color orange of key/],
	['a color that is a comment', 'colors:\n  key: #ff0000', /^2:\d+: invalid color .* quote it/],
	['a list', '[]', /^1:1: a theme must be a mapping/],
] as const) {
	test(`${title} is a problem with its line and column`, t => {
		const {problems} = parseTheme('x.yaml', text);
		t.is(problems.length, 1);
		t.regex(`${problems[0]!.line}:${problems[0]!.column}: ${problems[0]!.message}`, problem);
	});
}

test('a theme of one\'s own changes only what it names, by name or path, in YAML or JSON', async t => {
	const {home, env} = await homeWith(t, {
		'paper.yaml': 'extends: light\ncolors:\n  key: "bold red"\n  nonsense: red\n',
		'ink.json': '{"colors": {"key": "blue"}}',
	});
	const {shipped, own, problems} = await loadThemes(env, 'paper');
	t.deepEqual(own, {file: join(home, '.config/spoke/themes/paper.yaml'), extends: 'light', colors: {...shipped.light, key: 'bold red'}});
	t.is(problems.length, 1);
	t.deepEqual((await loadThemes(env, 'ink')).own?.colors, {...shipped.dark, key: 'blue'});
	t.is((await loadThemes({}, join(home, '.config/spoke/themes/ink.json'))).own?.extends, 'dark');
	t.deepEqual(await ownThemeNames(env), ['ink', 'paper']);
	t.deepEqual(parseTheme('', formatTheme('light', shipped.light)).colors, shipped.light);
});

for (const wanted of ['papers', 'toString', './missing.yaml']) {
	test(`the theme ${wanted}, which does not exist, is ERR_THEME`, async t => {
		const {env} = await homeWith(t, {'paper.yaml': ''});
		const error = await t.throwsAsync(async () => loadThemes(env, wanted), {code: 'ERR_THEME'});
		t.is(error.message.includes('did you mean paper?'), wanted === 'papers');
	});
}

test('spoke theme prints a theme that it accepts, and --check exits 2 for a problem', async t => {
	const {home, env} = await homeWith(t, {'bad.yaml': 'colors:\n  key: orange\n'});
	const printed = await runSpoke(['theme', 'mono'], {env: {...env, XDG_CONFIG_HOME: ''}});
	await writeFile(join(home, '.config/spoke/themes/good.yaml'), printed.stdout);
	const good = await runSpoke(['theme', '--check', 'good'], {env: {...env, XDG_CONFIG_HOME: ''}});
	t.is(good.status, 0);
	t.regex(good.stdout, /good\.yaml: no problems/);
	const bad = await runSpoke(['theme', '--check', 'bad'], {env: {...env, XDG_CONFIG_HOME: ''}});
	t.is(bad.status, 2);
	t.regex(bad.stderr, /bad\.yaml:2:8: invalid color orange of key/);
	const missing = await runSpoke(['theme', 'missing'], {env: {...env, XDG_CONFIG_HOME: ''}});
	t.is(missing.status, 2);
	t.regex(missing.stderr, /^error: unknown theme missing \[ERR_THEME\]|^error: unknown theme missing/);
});

test('the session draws with a theme of one\'s own and shows its first problem', async t => {
	const {home} = await homeWith(t, {'mine.yaml': 'extends: mono\ncolors:\n  key: "#123456"\n  kye: red\n'});
	const {terminal} = await onSandbox(t, ['--theme', 'mine'], {home, columns: 200, env: {COLORTERM: 'truecolor'}});
	await terminal.sees(/theme .*mine\.yaml:4:3: unknown role kye/);
	terminal.type('j');
	await terminal.writes('38;2;18;52;86');
	t.regex(await readFile(join(home, '.config/spoke/themes/mine.yaml'), 'utf8'), /kye/);
});
