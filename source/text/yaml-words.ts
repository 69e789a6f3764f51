/** Which texts YAML 1.1 takes for something else than a text, and in which order Go's writer puts keys. */

/** Whether a text means itself where it stands without quotes. @see https://github.com/yaml/go-yaml/blob/v2.4.3/resolve.go */
export function isPlain(text: string): boolean {
	return !wordsOfYaml.has(text) && !isNumber(text) && !isTime(text) && !/^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(text);
}

const wordsOfYaml: ReadonlySet<string> = new Set(['', '~', ...['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null'].flatMap(word => [word, word[0]!.toUpperCase() + word.slice(1), word.toUpperCase()]), '.nan', '.NaN', '.NAN', ...['', '+', '-'].flatMap(sign => ['.inf', '.Inf', '.INF'].map(word => sign + word))]);

function isNumber(text: string): boolean {
	const bare = text.replaceAll('_', '');
	if (text.startsWith('.')) {
		return /^\.\d+(?:_\d+)*(?:e[-+]?\d+(?:_\d+)*)?$/i.test(text) && Number.isFinite(Number(bare));
	}

	if (!/^[-+\d]/.test(text)) {
		return false;
	}

	return isWhole(bare) || (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i.test(bare) && Number.isFinite(Number(bare)));
}

/** Of 64 bits, as Go spells them. */
function isWhole(text: string): boolean {
	const [, sign = '', digits = ''] = /^([-+]?)(0x[\da-f]+|0b[01]+|0o?[0-7]+|0|[1-9]\d*)$/i.exec(text) ?? [];
	if (digits === '') {
		return false;
	}

	const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
	return value < (sign === '' ? 2n ** 64n : sign === '-' ? largestNegative + 1n : largestNegative);
}

const largestNegative = 2n ** 63n;
const time = /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](?=.*(?:Z|[-+]\d\d:\d\d)$)| (?=[\d:.,]+$))(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d))?)?$/;

function isTime(text: string): boolean {
	const found = time.exec(text);
	if (!found) {
		return false;
	}

	const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = found.slice(1).map(part => Number(part ?? 0));
	const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
	return month >= 1 && month <= 12 && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60 && zoneHour <= 24 && zoneMinute <= 60;
}

const isLetter = (character: string) => /\p{L}/u.test(character);
const isDigit = (character: string | undefined) => character !== undefined && /\p{Nd}/u.test(character);

/** Numbers within keys by their value, letters behind everything else. @see https://github.com/yaml/go-yaml/blob/v2.4.3/sorter.go */
export function compareKeys(one: string, other: string): number {
	const [left, right] = [[...one], [...other]];
	const at = left.findIndex((character, index) => character !== right[index]);
	if (at < 0 || at >= right.length) {
		return left.length - right.length;
	}

	const [a, b] = [left[at]!, right[at]!];
	const [isLeft, isRight] = [isLetter(a), isLetter(b)];
	if (isLeft && isRight) {
		return a.codePointAt(0)! - b.codePointAt(0)!;
	}

	if (isLeft || isRight) {
		return isRight ? -1 : 1;
	}

	const lead = a === '0' || b === '0' ? leadingDigits(left, at) : 0n;
	const [first, second] = [numberAt(left, at, lead), numberAt(right, at, lead)];
	return first.value === second.value ? first.end === second.end ? a.codePointAt(0)! - b.codePointAt(0)! : first.end - second.end : first.value < second.value ? -1 : 1;
}

/** 1 where digits other than 0 stand before: then a 0 is a digit of the number and no lead. */
function leadingDigits(characters: readonly string[], at: number): bigint {
	for (let before = at - 1; isDigit(characters[before]); before--) {
		if (characters[before] !== '0') {
			return 1n;
		}
	}

	return 0n;
}

function numberAt(characters: readonly string[], at: number, lead: bigint): {value: bigint; end: number} {
	let value = lead;
	let end = at;
	for (; isDigit(characters[end]); end++) {
		value = BigInt.asIntN(64, (value * 10n) + BigInt(characters[end]!.codePointAt(0)! - 48));
	}

	return {value, end};
}
