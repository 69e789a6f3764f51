/** Text that takes one cell for each UTF-16 unit in every terminal. */

export function isSingleCells(text: string): boolean {
	return singleCells.test(text);
}

/**
The number of cells, or undefined if the text has characters that can be wider or narrower. With `countAnsiEscapeCodes`, as in string-width,
an escape sequence is such characters; otherwise one that sets a style takes no cell.
*/
export function widthOfSingleCells(text: string, options?: {countAnsiEscapeCodes?: boolean}): number | undefined {
	const plain = text.includes('\u001B') && !options?.countAnsiEscapeCodes ? text.replaceAll(styles, '') : text;
	return isSingleCells(plain) ? plain.length : undefined;
}

const singleCells = /^[ -~·–‘’“”…›←-↓─-▴▸-◼◿✓✗]*$/;

const styles = /\u001B\[[\d;]*m/g;
