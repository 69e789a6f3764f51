/** Integers of flags. */

const syntax = /^([+-]?)(0x(?:_?[\da-f])+|0b(?:_?[01])+|0o(?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/i;
const limit = 2n ** 63n;

/**
As Go's `strconv.ParseInt(text, 0, 64)`: also `0x1F`, `0b1`, `0o17`, `017` and `1_000`. Beyond the safe integers, returns the last safe one.
@returns NaN for another syntax, and Infinity for a number out of the range of an int64
*/
export function parseInteger(text: string): number {
	const [, sign, digits] = syntax.exec(text) ?? [];
	if (digits === undefined) {
		return Number.NaN;
	}

	const magnitude = BigInt(digits.replaceAll('_', '').replace(/^0(?=\d)/, '0o'));
	const value = sign === '-' ? -magnitude : magnitude;
	if (value >= limit || value < -limit) {
		return Infinity;
	}

	return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));
}
