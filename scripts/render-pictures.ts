/**
Draws README's pictures: the session on a sandbox, in a pseudo-terminal, cell by cell as SVG, one by one and as an animation with captions.
Names of pods and times differ each time, so no test can compare the files.
*/
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {spawn} from '@lydell/node-pty';
import xterm, {type IBufferCell} from '@xterm/headless';
import {keyBytes} from '../source/session/keymap/decode-keys.ts';
import {loadKeymap} from '../source/session/keymap/load-keymap.ts';
import {keysOf, type PressedAction} from '../test/support/test-screen.ts';

const inRoot = (path: string) => new URL(`../${path}`, import.meta.url).pathname;
const size = {columns: 120, rows: 32};
const cell = {width: 8.4, height: 18};
const frameSeconds = 2.5;
const captionHeight = 26;

type Step = {press: PressedAction} | {type: string} | {sees: RegExp} | {wait: number};
/** `file`: drawn by itself, too. */
type Picture = {file?: string; title: string; steps: readonly Step[]};

/** In the order of a story: not verified, why, the switch, verified. */
const pictures: readonly Picture[] = [
	{
		title: 'Pods, and the path to the selected one: its kubelet is not verified',
		// By name, without the crashing pod first.
		steps: [{sees: /unverified ━► kubelet/}, {press: 'list.reverse'}, {press: 'list.reverse'}, {sees: /▸ api-/}, {sees: /l logs/}],
	},
	{
		file: 'why',
		title: 'Why: the evidence for each verdict, and the fix',
		steps: [{press: 'why'}, {sees: /Leg 2: TLS/}],
	},
	{
		title: 'A tail: JSON readable, searched, its path below',
		steps: [
			{press: 'view.back'},
			{press: 'logs'},
			{sees: /upstream/},
			{press: 'search'},
			{type: 'upstream'},
			{press: 'accept'},
			{sees: /match \d/},
		],
	},
	{
		title: 'The sandbox: a switch lets the apiserver verify kubelets',
		steps: [
			{press: 'tail.background'},
			{press: 'view.sandbox'},
			{sees: /certificate check/},
			{press: 'value.next'},
			{press: 'accept'},
			{sees: /━verified/},
			{sees: /━ enforced ━► kubelet/},
			{wait: 2500},
		],
	},
	{
		title: 'The same pod: the apiserver verifies its kubelet now',
		steps: [{press: 'view.pods'}, {sees: /━ (?:verified|enforced) ━► kubelet/}],
	},
	{title: 'The audit: every path to and from the apiserver', steps: [{press: 'view.audit'}, {sees: /CHECK +VERDICT/}]},
];

const {keymap} = await loadKeymap({});
const home = await mkdtemp(join(tmpdir(), 'spoke-pictures-'));
const emulator = new xterm.Terminal({cols: size.columns, rows: size.rows, allowProposedApi: true});
const {CI: _, NO_COLOR: __, ...env} = process.env;
const child = spawn(process.execPath, [inRoot('build/spoke.js'), 'demo'], {
	name: 'xterm-256color',
	cols: size.columns,
	rows: size.rows,
	env: {...env, HOME: home, LANG: 'C.UTF-8', TERM: 'xterm-256color', COLORTERM: 'truecolor', SPOKE_THEME: 'dark'},
});
const frames: string[] = [];
child.onData(data => {
	emulator.write(data);
});
try {
	await mkdir(inRoot('docs/pictures'), {recursive: true});
	for (const {file, title, steps} of pictures) {
		for (const step of steps) {
			await take(step);
		}

		await delay(700);
		frames.push(`${drawScreen()}\n${caption(title)}`);
		if (file !== undefined) {
			await writeFile(inRoot(`docs/pictures/${file}.svg`), svg(title, drawScreen()));
		}
	}

	await writeFile(inRoot('docs/pictures/session.svg'), svg('A session on the sandbox', animation(frames), captionHeight));
} finally {
	child.kill('SIGKILL');
	await rm(home, {recursive: true, force: true});
}

process.exit(0);

async function take(step: Step): Promise<void> {
	if ('press' in step) {
		child.write(Buffer.concat(keysOf(keymap, step.press).map(key => keyBytes(key))).toString('latin1'));
		await delay(300);
	} else if ('type' in step) {
		child.write(step.type);
		await delay(300);
	} else if ('wait' in step) {
		await delay(step.wait);
	} else {
		const until = Date.now() + 60_000;
		while (!step.sees.test(text())) {
			if (Date.now() > until) {
				throw new Error(`${step.sees} was not seen:\n${text()}`);
			}

			await delay(50);
		}
	}
}

function text(): string {
	return Array.from({length: size.rows}, (_, row) => emulator.buffer.active.getLine(row)?.translateToString(true) ?? '').join('\n');
}

/** One text element per run of equal cells, on rectangles of their background. */
function drawScreen(): string {
	const parts: string[] = [];
	for (let row = 0; row < size.rows; row++) {
		const line = emulator.buffer.active.getLine(row);
		let column = 0;
		while (line && column < size.columns) {
			const first = line.getCell(column)!;
			const style = styleOf(first);
			let run = '';
			let end = column;
			while (end < size.columns && styleOf(line.getCell(end)!) === style) {
				run += line.getCell(end)!.getChars() || ' ';
				end++;
			}

			const [ink, ground, weight, line2] = style.split('|') as [string, string, string, string];
			const [x, y] = [8 + column * cell.width, 8 + row * cell.height];
			if (ground !== '') {
				parts.push(
					`<rect x="${x.toFixed(1)}" y="${y}" width="${((end - column) * cell.width).toFixed(1)}" height="${cell.height}" fill="${ground}"/>`,
				);
			}

			if (run.trim() !== '') {
				parts.push(
					`<text x="${x.toFixed(1)}" y="${y + 13}" fill="${ink}"${weight === '' ? '' : ' font-weight="bold"'}${line2 === '' ? '' : ' text-decoration="underline"'} textLength="${((end - column) * cell.width).toFixed(1)}" xml:space="preserve">${escapeXml(run)}</text>`,
				);
			}

			column = end;
		}
	}

	return parts.join('\n');
}

/** Below the screen. */
function caption(title: string): string {
	return `<text x="50%" y="${size.rows * cell.height + 30}" fill="#ffffff" font-size="16" text-anchor="middle">${escapeXml(title)}</text>`;
}

function svg(title: string, content: string, more = 0): string {
	const [width, height] = [size.columns * cell.width + 16, size.rows * cell.height + 16 + more];
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${width.toFixed(0)}" height="${height}" role="img" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13.5">\n<title>${escapeXml(title)}</title>\n<rect width="100%" height="100%" rx="6" fill="#16161e"/>\n${content}\n</svg>\n`;
}

/** Each screen for the same time, in an endless loop; only the last one if the reader prefers reduced motion. */
function animation(screens: readonly string[]): string {
	const seconds = screens.length * frameSeconds;
	const style = `
.frame { visibility: hidden; animation: show ${seconds}s step-end infinite; }
.frame:last-child { visibility: visible; }
@keyframes show { from { visibility: visible; } ${(100 / screens.length).toFixed(3)}% { visibility: hidden; } }
@media (prefers-reduced-motion) { .frame { animation: none; } }
`;
	const groups = screens.map(
		(screen, index) => `<g class="frame" style="animation-delay: ${index * frameSeconds - seconds}s">\n${screen}\n</g>`,
	);
	return `<style>${style}</style>\n${groups.join('\n')}`;
}

function styleOf(one: IBufferCell): string {
	const inverse = one.isInverse() !== 0;
	const ink = one.isFgDefault() ? '#d8d8d8' : color(one.getFgColor(), one.isFgRGB());
	const ground = one.isBgDefault() ? '' : color(one.getBgColor(), one.isBgRGB());
	return [inverse ? ground || '#16161e' : ink, inverse ? ink : ground, one.isBold() ? 'b' : '', one.isUnderline() ? 'u' : ''].join('|');
}

const basic = [
	'#000000',
	'#cd3131',
	'#0dbc79',
	'#e5e510',
	'#2472c8',
	'#bc3fbc',
	'#11a8cd',
	'#e5e5e5',
	'#666666',
	'#f14c4c',
	'#23d18b',
	'#f5f543',
	'#3b8eea',
	'#d670d6',
	'#29b8db',
	'#ffffff',
];

function color(value: number, isRgb: boolean): string {
	return isRgb ? `#${value.toString(16).padStart(6, '0')}` : (basic[value] ?? '#d8d8d8');
}

function escapeXml(raw: string): string {
	return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
