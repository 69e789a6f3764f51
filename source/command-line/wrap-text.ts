/** Wraps the prose and commands of help to a width. */

/**
Lines of at most `width`, broken at spaces. A flag stays with the value behind it, and what stands between backticks, double quotes or brackets stays whole;
such a unit alone may be longer than the line.
*/
export function wrapText(text: string, width: number): string[] {
	return fill(unitsOf(text), width);
}

/** One command over several lines, each but the last ended by a backslash, so that a shell takes them as one. */
export function wrapCommand(command: string, width: number): string[] {
	if (command.length <= width) {
		return [command];
	}

	const lines = fill(unitsOf(command), width - 4);
	return lines.map((line, index) => `${index === 0 ? '' : '  '}${line}${index === lines.length - 1 ? '' : ' \\'}`);
}

function fill(units: readonly string[], width: number): string[] {
	const lines: string[] = [];
	let line: string | null = null;
	for (const unit of units) {
		if (line !== null && line.length + 1 + unit.length <= width) {
			line += ` ${unit}`;
		} else {
			lines.push(...(line === null ? [] : [line]));
			line = unit;
		}
	}

	return [...lines, line ?? ''];
}

function unitsOf(text: string): string[] {
	const units: string[] = [];
	let unit: string[] = [];
	for (const word of text.split(' ').filter(word => word !== '')) {
		unit.push(word);
		const spelled = unit.join(' ');
		if (isWhole(spelled) && !/^["'(`[]*--?[a-z][\w-]*$/i.test(word)) {
			units.push(spelled);
			unit = [];
		}
	}

	return unit.length === 0 ? units : [...units, unit.join(' ')];
}

/** Whether every bracket and quote is closed. */
function isWhole(text: string): boolean {
	const count = (sign: string) => text.split(sign).length - 1;
	return count('`') % 2 === 0 && count('"') % 2 === 0 && count('[') <= count(']');
}
