/** A headless terminal that records its effects. */
import xterm from '@xterm/headless';

export type ScreenState = {
	/** Titles, clipboard writes, bells, links and palette changes, in order. */
	effects: readonly string[];
	modes: string;
	buffer: 'normal' | 'alternate';
	pen: 'default' | 'changed';
	last: string;
};

export function fakeScreen({cols = 80, rows = 24}: {cols?: number; rows?: number} = {}) {
	const terminal = new xterm.Terminal({cols, rows, scrollback: 1000, allowProposedApi: true, logLevel: 'off'});
	const effects: string[] = [];
	terminal.onTitleChange(title => {
		effects.push(`title ${title}`);
	});
	terminal.onBell(() => {
		effects.push('bell');
	});
	terminal.onData(data => {
		effects.push(`answered ${JSON.stringify(data)}`);
	});
	for (const code of [4, 7, 8, 9, 10, 11, 12, 52, 104, 133, 777, 1337]) {
		terminal.parser.registerOscHandler(code, data => {
			effects.push(`osc ${code} ${data}`);
			return false;
		});
	}

	return {
		terminal,
		async write(text: string): Promise<void> {
			await new Promise<void>(resolve => {
				terminal.write(text, resolve);
			});
		},
		state(): ScreenState {
			const lines = allLines(terminal);
			const row = lines.findLastIndex(line => line !== '');
			const cell = terminal.buffer.active.getLine(Math.max(0, row))?.getCell(0);
			const plain = !cell || (cell.isAttributeDefault() && cell.isInvisible() === 0);
			return {
				effects: [...effects],
				modes: JSON.stringify(modesOf(terminal)),
				buffer: terminal.buffer.active.type,
				pen: plain ? 'default' : 'changed',
				last: lines[row] ?? '',
			};
		},
		lines: () => allLines(terminal),
	};
}

/** The public modes, and two that only the core knows: hidden cursor and scroll region. */
function modesOf(terminal: xterm.Terminal): Record<string, unknown> {
	const {coreService, buffer} = (
		terminal as unknown as {_core: {coreService: {isCursorHidden: boolean}; buffer: {scrollTop: number; scrollBottom: number}}}
	)._core;
	return {...terminal.modes, cursorHidden: coreService.isCursorHidden, region: [buffer.scrollTop, buffer.scrollBottom]};
}

function allLines(terminal: xterm.Terminal): string[] {
	const {active} = terminal.buffer;
	return Array.from({length: active.length}, (_, row) => active.getLine(row)?.translateToString(true) ?? '');
}
